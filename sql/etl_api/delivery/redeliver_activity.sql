create or replace function etl_api.redeliver_activity(
  id uuid, workflow_request_id uuid, out message text, out delivery_ids uuid[])
language plpgsql
set search_path = ''
as $$
#variable_conflict use_variable
declare
  message_ids constant uuid[] := array(
    select d.delivery_id
    from etl_api.current_deliveries(array[redeliver_activity.workflow_request_id]) as d
    where d.activity_request_id = redeliver_activity.id);
  state constant text := etl_api.state_of('activity_request', id);
  again record;
begin
  if message_ids <> '{}' then
    again := etl_api.redeliver_messages('activity_request', id, message_ids);
    message := again.message;
    delivery_ids := again.delivery_ids;
    return;
  end if;
  -- It ended while its endpoint was disabled: it is told now.
  if etl_api.deliver_activity_results(array[id]) = 0 then
    perform etl_api.refuse_action('activity_request', id, state, 'delivered again',
      case when state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
        then 'It has not ended, so there is no message yet.'
        else 'It has no message: it has no webhook, or its endpoint is disabled or does not want this event.'
      end);
  end if;
  message := 'There was no message yet; it is sent at once.';
  delivery_ids := array(
    select d.id
    from public.delivery as d
    where d.workflow_request_id = redeliver_activity.workflow_request_id
      and d.activity_request_id = redeliver_activity.id);
end
$$;

comment on function etl_api.redeliver_activity(uuid, uuid) is
  'Sends the latest messages of an activity request again; see redeliver. The caller holds the workflow lock.';

revoke execute on function etl_api.redeliver_activity(uuid, uuid) from public;
