create or replace function etl_api.refuse_activity(activity_request_id uuid, fault_state text, fault_message text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.end_activities(array[activity_request_id], 'failed', 'internal_error',
    pg_catalog.format('The engine could not move it on: %s (%s).', fault_message, fault_state));
  perform etl_api.advance_workflows(array(
    select ar.workflow_request_id
    from public.activity_request as ar
    where ar.id = activity_request_id));
  perform etl_api.logger('error', 'activities', 'An activity could not be moved on.',
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'activity_request', activity_request_id);
exception when others then
  if etl_api.fault_passes(sqlstate) then
    raise;
  end if;
  -- Its note is gone; it is looked at again when it is over its time.
  perform etl_api.logger_stuck('activities', 'An activity could be neither moved on nor ended.', 'activity_request',
    activity_request_id, fault_state, fault_message);
end
$$;

comment on function etl_api.refuse_activity(uuid, text, text) is
  'Ends an activity request that made the engine raise when it was to be moved on, as failed (internal_error), with all below it, and moves its workflow on. One that cannot be ended either stays as it is, in the log. The caller holds the workflow lock.';

revoke execute on function etl_api.refuse_activity(uuid, text, text) from public;
grant execute on function etl_api.refuse_activity(uuid, text, text) to service_role;
