create or replace function etl_api.create_run_sourcing(activity_request_ids uuid[]) returns int
language sql
set search_path = ''
as $$
  select etl_api.create_search_runs(activity_request_ids)
$$;

comment on function etl_api.create_run_sourcing(uuid[]) is
  'Creates the runs that activity requests of type sourcing need now; see create_search_runs. Returns how many.';

revoke execute on function etl_api.create_run_sourcing(uuid[]) from public;
grant execute on function etl_api.create_run_sourcing(uuid[]) to service_role;
