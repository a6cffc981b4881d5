create or replace function etl_api.try_start_next_workflow_phase(workflow_request_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.lock_workflows(array[workflow_request_id]);
  perform etl_api.advance_workflows(array[workflow_request_id]);
end
$$;

comment on function etl_api.try_start_next_workflow_phase(uuid) is
  'Starts what of a workflow request may start now, or ends it; does nothing while its phase is under way.';

revoke execute on function etl_api.try_start_next_workflow_phase(uuid) from public;
grant execute on function etl_api.try_start_next_workflow_phase(uuid) to service_role;

create or replace function public.try_start_next_workflow_phase(workflow_request_id uuid) returns void
language sql
set search_path = ''
as $$
  select etl_api.try_start_next_workflow_phase(workflow_request_id)
$$;

comment on function public.try_start_next_workflow_phase(uuid) is 'The same as etl_api.try_start_next_workflow_phase.';

revoke execute on function public.try_start_next_workflow_phase(uuid) from public, anon, authenticated;
grant execute on function public.try_start_next_workflow_phase(uuid) to service_role;
