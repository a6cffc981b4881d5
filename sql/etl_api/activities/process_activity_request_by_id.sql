create or replace function etl_api.process_activity_request_by_id(activity_request_id uuid) returns void
language sql
set search_path = ''
as $$
  select etl_api.process_activity_requests(array[activity_request_id])
$$;

comment on function etl_api.process_activity_request_by_id(uuid) is
  'Starts one activity request that is ready; see process_activity_requests.';

revoke execute on function etl_api.process_activity_request_by_id(uuid) from public;
grant execute on function etl_api.process_activity_request_by_id(uuid) to service_role;
