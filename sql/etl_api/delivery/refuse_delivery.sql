create or replace function etl_api.refuse_delivery(delivery_id uuid, fault_state text, fault_message text) returns void
language plpgsql
set search_path = ''
as $$
declare
  code constant text := case fault_state when 'ETL09' then 'too_large' else 'internal_error' end;
  workflow_id uuid;
begin
  -- Nobody waits for a workflow while holding a message; a later claim meets the message again. An alert has none.
  select d.workflow_request_id into workflow_id
  from public.delivery as d
  where d.id = delivery_id;
  perform 1
  from public.workflow_request as w
  where w.id = workflow_id
    and w.replay = 0
  for no key update skip locked;
  if not found and workflow_id is not null then
    return;
  end if;

  update public.delivery as d
  set state = 'failed',
      state_via = case when d.state = 'waiting' then '{ready,in_progress}' else '{in_progress}' end::public.delivery_state[],
      state_substate = code,
      error = pg_catalog.jsonb_build_object(
        'code', code,
        'message', case code when 'too_large' then fault_message
          else pg_catalog.format('The engine could not send it: %s (%s).', fault_message, fault_state) end),
      finished_at = utils.now()
  where d.id = delivery_id
    and d.state in ('waiting', 'ready');
  perform etl_api.settle_deliveries(array[workflow_id]);
  perform etl_api.logger('error', 'delivery', 'A message could not be sent.',
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'delivery', delivery_id);
exception when others then
  if etl_api.fault_passes(sqlstate) then
    raise;
  end if;
  perform etl_api.logger_stuck('delivery', 'A message could be neither sent nor ended.', 'delivery', delivery_id,
    fault_state, fault_message);
end
$$;

comment on function etl_api.refuse_delivery(uuid, text, text) is
  'Ends a message that made the engine raise when it was claimed, as failed: too_large where it is (ETL09), else internal_error. One that cannot be ended either stays as it is, in the log. The caller holds its row.';

revoke execute on function etl_api.refuse_delivery(uuid, text, text) from public;
grant execute on function etl_api.refuse_delivery(uuid, text, text) to service_role;
