create or replace function etl_api.record_intake_failure(
  workflow_request_id uuid, fault_state text, fault_message text, fault_context text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.reject_workflow_requests(array[workflow_request_id], array[pg_catalog.jsonb_build_array(
    pg_catalog.jsonb_build_object(
      'code', 'internal_error',
      'path', '$',
      'found', pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message),
      'message', pg_catalog.format('The request could not be taken in: %s (%s).', fault_message, fault_state),
      'hint', 'Nothing of it has started. Try it again with etl_api.retry(id); if it fails again, tell the operator.'))]);
  perform etl_api.logger(
    'error', 'intake', 'A request could not be taken in: ' || fault_message,
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'context', fault_context),
    (select w.org_id from public.workflow_request as w where w.id = record_intake_failure.workflow_request_id and w.replay = 0),
    'workflow_request', workflow_request_id);
end
$$;

comment on function etl_api.record_intake_failure(uuid, text, text, text) is
  'Ends a request that raised an exception while it was taken in as invalid, and logs the exception.';

revoke execute on function etl_api.record_intake_failure(uuid, text, text, text) from public;
grant execute on function etl_api.record_intake_failure(uuid, text, text, text) to service_role;
