create or replace function etl_api.lock_activity_workflows(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.lock_workflows(array(
    select distinct ar.workflow_request_id
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)));
end
$$;

comment on function etl_api.lock_activity_workflows(uuid[]) is
  'Locks the workflow requests that activity requests belong to; see lock_workflows.';

revoke execute on function etl_api.lock_activity_workflows(uuid[]) from public;
grant execute on function etl_api.lock_activity_workflows(uuid[]) to service_role;
