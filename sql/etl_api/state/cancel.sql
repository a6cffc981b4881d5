create or replace function etl_api.cancel(id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  target constant record := etl_api.find_own(id);
  why constant text := pg_catalog.current_setting('etl.reason', true);
  sentence text;
begin
  perform etl_api.lock_workflows(array[target.workflow_request_id]);
  perform etl_api.set_reason('cancelled by ' || etl_api.caller_name());
  case target.entity
    when 'workflow_request' then sentence := etl_api.cancel_workflow(id);
    when 'activity_request' then sentence := etl_api.cancel_activity(id, target.workflow_request_id);
    when 'run_queue' then sentence := etl_api.cancel_run(id, target.activity_request_id);
    when 'run_request' then sentence := etl_api.cancel_run_request(id);
    when 'delivery' then sentence := etl_api.cancel_delivery(id, target.workflow_request_id);
  end case;
  perform etl_api.set_reason(why);
  return pg_catalog.jsonb_build_object(
    'entity', target.entity, 'id', id, 'state', 'failed', 'message', sentence);
end
$$;

comment on function etl_api.cancel(uuid) is
  'Cancels a workflow request, activity request, run, HTTP request or message: it and all below it that has not ended becomes failed / cancelled, and answers that still come change nothing. Returns {entity, id, state, message}. ETL04: no such request; ETL05: it has ended; ETL06: the caller only reads.';

revoke execute on function etl_api.cancel(uuid) from public;
grant execute on function etl_api.cancel(uuid) to authenticated, service_role;
