create or replace function etl_api.lock_request_workflows(run_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.lock_workflows(array(
    select distinct r.workflow_request_id
    from public.run_request as r
    where r.id = any (run_request_ids)));
end
$$;

comment on function etl_api.lock_request_workflows(uuid[]) is
  'Locks the workflow requests that HTTP requests serve; see lock_workflows.';

revoke execute on function etl_api.lock_request_workflows(uuid[]) from public;
grant execute on function etl_api.lock_request_workflows(uuid[]) to service_role;
