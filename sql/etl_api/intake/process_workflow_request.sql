create or replace function etl_api.process_workflow_request(id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.lock_workflows(array[id]);
  perform etl_api.process_workflow_requests(array(
    select w.id
    from public.workflow_request as w
    where w.id = process_workflow_request.id
      and w.replay = 0
      and w.state = 'new'));
end
$$;

comment on function etl_api.process_workflow_request(uuid) is
  'Takes one request in if it is new; see process_workflow_requests.';

revoke execute on function etl_api.process_workflow_request(uuid) from public;
grant execute on function etl_api.process_workflow_request(uuid) to service_role;
