create or replace function etl_partition.explain(caller jsonb, org_id uuid, id uuid) returns setof text
language plpgsql
set search_path = ''
as $$
begin
  perform etl_partition.check_owner(caller, org_id, id);
  return query select e from etl_api.explain(explain.id) as e;
end
$$;

comment on function etl_partition.explain(jsonb, uuid, uuid) is
  'etl_api.explain for the caller; with an org, only of what belongs to it.';

revoke execute on function etl_partition.explain(jsonb, uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function etl_partition.explain(jsonb, uuid, uuid) to millrace_coordinator;
