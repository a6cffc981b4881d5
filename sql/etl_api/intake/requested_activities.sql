create or replace function etl_api.requested_activities(workflow_request_ids uuid[]) returns etl_api.requested_activity[]
language plpgsql
set search_path = ''
as $$
begin
  return array(
    select resolved
    from etl_api.resolve_activities(array(
      select read
      from etl_api.read_activities(workflow_request_ids) as read)) as resolved);
end
$$;

comment on function etl_api.requested_activities(uuid[]) is
  'The activities in the data of requests, read and resolved.';

revoke execute on function etl_api.requested_activities(uuid[]) from public;
grant execute on function etl_api.requested_activities(uuid[]) to service_role;
