create or replace function etl_api.retry(id uuid) returns jsonb
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
  perform etl_api.set_reason('retried by ' || etl_api.caller_name());
  case target.entity
    when 'workflow_request' then sentence := etl_api.retry_workflow(id);
    when 'activity_request' then sentence := etl_api.retry_activity(id, target.workflow_request_id);
    when 'run_queue' then sentence := etl_api.retry_run(id, target.activity_request_id);
    when 'run_request' then sentence := etl_api.retry_run_request(id, target.activity_request_id);
    when 'delivery' then sentence := etl_api.retry_delivery(id);
  end case;
  perform etl_api.set_reason(why);
  return pg_catalog.jsonb_build_object(
    'entity', target.entity, 'id', id, 'state', etl_api.state_of(target.entity, id), 'message', sentence);
end
$$;

comment on function etl_api.retry(uuid) is
  'Takes up again a workflow request, activity request, run, HTTP request or message that failed, timed out or was invalid, with what failed below it; what ended because of it above is open again, with its time-out renewed. Returns {entity, id, state, message}. ETL04: no such request; ETL05: not possible in its state or its parent''s; ETL06: the caller only reads.';

revoke execute on function etl_api.retry(uuid) from public;
grant execute on function etl_api.retry(uuid) to authenticated, service_role;
