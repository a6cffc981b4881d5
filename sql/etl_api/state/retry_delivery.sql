create or replace function etl_api.retry_delivery(id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  -- Locked, since the message of an alert has no workflow request whose lock would do.
  message public.delivery;
begin
  select d.* into message
  from public.delivery as d
  where d.id = retry_delivery.id
  for no key update;
  if message.state not in ('failed', 'timedout', 'invalid') then
    perform etl_api.refuse_action('delivery', id, message.state::text, 'retried',
      case message.state when 'delivered' then 'The client has it.' else 'It is under way.' end);
  elsif exists (
    select 1
    from public.webhook_endpoint as e
    where e.id = message.endpoint_id
      and e.org_id = message.org_id
      and e.disabled_at is not null)
  then
    perform etl_api.refuse_action('delivery', id, message.state::text, 'retried',
      'Its endpoint is disabled: set webhook_endpoint.disabled_at to null first.');
  end if;

  update public.delivery as d
  set state = 'ready',
      state_via = null,
      state_substate = null,
      attempts = 0,
      error = null,
      due_at = utils.now(),
      finished_at = null
  where d.id = retry_delivery.id;
  perform etl_api.ring('deliver-webhooks');
  return 'The message will be sent again under the same webhook-id, its attempts counted anew.';
end
$$;

comment on function etl_api.retry_delivery(uuid) is
  'Retries a message; see retry. The caller holds the workflow lock.';

revoke execute on function etl_api.retry_delivery(uuid) from public;
