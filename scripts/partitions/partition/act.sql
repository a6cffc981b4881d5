create or replace function etl_partition.act(caller jsonb, verb text, org_id uuid, id uuid) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  -- Looking for it is done as the caller, who then stays.
  if org_id is null then
    perform etl_partition.become(caller);
  elsif org_id is distinct from (select f.org_id from etl_partition.find(caller, act.id) as f) then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('no such request: %s', coalesce(id::text, 'null')),
      hint = 'Give the id of a workflow_request, activity_request, run_queue, run_request or delivery row of that org.';
  end if;
  return case verb
    when 'retry' then etl_api.retry(id)
    when 'cancel' then etl_api.cancel(id)
    when 'redeliver' then etl_api.redeliver(id)
  end;
end
$$;

comment on function etl_partition.act(jsonb, text, uuid, uuid) is
  'retry, cancel or redeliver for the caller; with an org, only what belongs to it. ETL04, ETL05, ETL06 as the engine raises them.';

revoke execute on function etl_partition.act(jsonb, text, uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function etl_partition.act(jsonb, text, uuid, uuid) to millrace_coordinator;
