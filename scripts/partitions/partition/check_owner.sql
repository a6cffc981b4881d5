create or replace function etl_partition.check_owner(caller jsonb, org_id uuid, id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Looking for it is done as the caller, who then stays.
  if org_id is null then
    perform etl_partition.become(caller);
  elsif org_id is distinct from (select f.org_id from etl_partition.find(caller, check_owner.id) as f) then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such request: %s', coalesce(id::text, 'null')),
      hint = 'Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row of that org.';
  end if;
end
$$;

comment on function etl_partition.check_owner(jsonb, uuid, uuid) is
  'Takes on the caller; with an org, ETL04 when what the id names is not that org''s or the caller may not see it.';

revoke execute on function etl_partition.check_owner(jsonb, uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function etl_partition.check_owner(jsonb, uuid, uuid) to millrace_coordinator;
