create or replace function etl_api.redeliver(id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  target constant record := etl_api.find_own(id);
  why constant text := pg_catalog.current_setting('etl.reason', true);
  again record;
begin
  perform etl_api.lock_workflows(array[target.workflow_request_id]);
  perform etl_api.set_reason('redelivered by ' || etl_api.caller_name());
  case target.entity
    when 'delivery' then again := etl_api.redeliver_messages('delivery', id, array[id]);
    when 'activity_request' then again := etl_api.redeliver_activity(id, target.workflow_request_id);
    when 'workflow_request' then again := etl_api.redeliver_workflow(id);
    else
      raise exception using
        errcode = 'ETL04',
        message = pg_catalog.format('%s %s has no message of its own', target.entity, id),
        hint = 'Give the id of a delivery, activity_request or workflow_request row.';
  end case;
  perform etl_api.set_reason(why);
  return pg_catalog.jsonb_build_object(
    'entity', target.entity, 'id', id, 'state', etl_api.state_of(target.entity, id),
    'message', again.message, 'delivery_ids', pg_catalog.to_jsonb(again.delivery_ids));
end
$$;

comment on function etl_api.redeliver(uuid) is
  'Sends a message again at once, or every message of an activity request or workflow request: one that failed or waits for its next attempt goes on in its own row, one that was delivered is sent again by a new row under the same webhook-id. Endpoints are asked at their present address. Returns {entity, id, state, message, delivery_ids}. ETL04: no such row, or one that has no messages; ETL05: there is nothing to send, it is being sent, or its endpoint is disabled; ETL06: the caller only reads.';

revoke execute on function etl_api.redeliver(uuid) from public;
grant execute on function etl_api.redeliver(uuid) to authenticated, service_role;
