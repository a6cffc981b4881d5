create or replace function etl_api.isolate_workflow_requests(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  half constant int := pg_catalog.cardinality(workflow_request_ids) / 2;
  fault_state text;
  fault_message text;
  fault_context text;
  fault_detail text;
  fault_hint text;
begin
  perform etl_api.accept_workflow_requests(workflow_request_ids);
exception when others then
  get stacked diagnostics
    fault_state = returned_sqlstate,
    fault_message = message_text,
    fault_context = pg_exception_context,
    fault_detail = pg_exception_detail,
    fault_hint = pg_exception_hint;
  -- Not the request's doing: deadlocks and other rollbacks (40), no lock (55P03), read-only (25), out of disk,
  -- memory, locks (53), shutdown (57), an I/O error (58). The whole statement is to be tried again.
  if fault_state ~ '^(40|25|53|57|58)' or fault_state = '55P03' then
    raise;
  end if;
  if half > 0 then
    perform etl_api.isolate_workflow_requests(workflow_request_ids[1 : half]);
    perform etl_api.isolate_workflow_requests(workflow_request_ids[half + 1 :]);
  elsif etl_api.limit_fault(fault_state, fault_message, fault_detail, fault_hint) is not null then
    perform etl_api.reject_workflow_requests(workflow_request_ids, array[pg_catalog.jsonb_build_array(
      etl_api.limit_fault(fault_state, fault_message, fault_detail, fault_hint))]);
  else
    perform etl_api.record_intake_failure(workflow_request_ids[1], fault_state, fault_message, fault_context);
  end if;
end
$$;

comment on function etl_api.isolate_workflow_requests(uuid[]) is
  'Takes new requests in; when that fails, halves them until the one that cannot be taken in stands alone, ends it as invalid (with the code of the limit it is over, or internal_error) and takes in the others.';

revoke execute on function etl_api.isolate_workflow_requests(uuid[]) from public;
grant execute on function etl_api.isolate_workflow_requests(uuid[]) to service_role;
