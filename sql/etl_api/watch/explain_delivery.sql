create or replace function etl_api.explain_delivery(id uuid) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  message public.delivery;
  endpoint public.webhook_endpoint;
  first record;
begin
  select d.* into message
  from public.delivery as d
  where d.id = explain_delivery.id;
  select e.* into endpoint
  from public.webhook_endpoint as e
  where e.id = message.endpoint_id
    and e.org_id = message.org_id;
  first := etl_api.explain_state('delivery', id, pg_catalog.format('The message %s to %s', message.event_type, message.url),
    message.state::text, message.state_substate,
    case when message.state in ('failed', 'timedout', 'invalid', 'waiting') then message.error ->> 'message' end);
  return next first.sentence;

  if message.message_id is not null then
    return next pg_catalog.format('It repeats a message that was delivered before, %s.', message.message_id);
  end if;
  if message.state = 'waiting' and message.due_at < 'infinity' then
    -- One attempt at once, then one after each time of the schedule.
    return next pg_catalog.format('Attempt %s of %s failed; the next one is %s.', message.attempts,
      1 + pg_catalog.jsonb_array_length(etl_api.delivery_schedule(message.endpoint_id, message.org_id)),
      etl_api.explain_due(message.due_at, 'deliver-webhooks'));
  elsif message.state = 'ready' then
    return next pg_catalog.format('It is %s.', etl_api.explain_due(message.due_at, 'deliver-webhooks'));
  elsif message.state = 'in_progress' then
    return next pg_catalog.format('Waits for the client (worker %s); without an answer, it is sent again in %s.', message.worker,
      etl_api.explain_span(message.lease_until - utils.now()));
  end if;
  if endpoint.disabled_at is not null then
    return next pg_catalog.format('Its endpoint is disabled%s: set webhook_endpoint.disabled_at to null before it is sent again.',
      case endpoint.disabled_reason
        when 'gone' then ', for it answered 410 Gone'
        when 'failing' then ', for it had taken no message since ' || etl_api.explain_time(endpoint.failing_since)
        else '' end);
  elsif message.state in ('waiting', 'ready') then
    return query
    select l.sentence
    from etl_api.explain_lane(id, coalesce(message.endpoint_id, message.lane), message.org_id) as l (sentence);
  end if;
  if first.advice is not null then
    return next etl_api.explain_advice(first.advice, id);
  end if;
end
$$;

comment on function etl_api.explain_delivery(uuid) is
  'The sentences about a message; see explain.';

revoke execute on function etl_api.explain_delivery(uuid) from public;
