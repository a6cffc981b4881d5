create or replace function etl_api.explain_messages(workflow_request_id uuid, activity_request_id uuid default null)
returns setof text
language sql stable
set search_path = ''
as $$
  select case m.state
      when 'failed' then pg_catalog.format('%s given up (%s): %s. etl_api.redeliver(%L) sends %s again.',
        etl_api.explain_count(m.number, 'message was', 'messages were'), m.substate,
        pg_catalog.rtrim(coalesce(m.message, 'no reason was given'), '. '),
        coalesce(explain_messages.activity_request_id, explain_messages.workflow_request_id), case m.number when 1 then 'it' else 'them' end)
      when 'in_progress' then pg_catalog.format('Waits for the client: %s being sent.',
        etl_api.explain_count(m.number, 'message is', 'messages are'))
      when 'waiting' then case m.substate when 'endpoint_disabled'
        then pg_catalog.format('%s until %s endpoint is in use again: set webhook_endpoint.disabled_at to null.',
          etl_api.explain_count(m.number, 'message waits', 'messages wait'), case m.number when 1 then 'its' else 'their' end)
        else pg_catalog.format('%s for the next attempt, %s: %s.',
        etl_api.explain_count(m.number, 'message waits', 'messages wait'), etl_api.explain_due(m.due_at, 'deliver-webhooks'),
        pg_catalog.rtrim(coalesce(m.message, 'the last attempt failed'), '. ')) end
      else pg_catalog.format('%s to be sent: %s.', etl_api.explain_count(m.number, 'message is', 'messages are'),
        etl_api.explain_due(m.due_at, 'deliver-webhooks'))
    end
  from (
    select d.state::text as state, d.state_substate as substate, pg_catalog.count(*) as number,
      pg_catalog.min(d.due_at) as due_at, pg_catalog.min(d.error ->> 'message') as message
    from public.delivery as d
    where d.workflow_request_id = explain_messages.workflow_request_id
      and (explain_messages.activity_request_id is null or d.activity_request_id = explain_messages.activity_request_id)
      and d.state <> 'delivered'
      -- What a later message has replaced no longer matters.
      and (d.state <> 'failed' or d.message_id is not null or d.id in (
        select c.delivery_id
        from etl_api.current_deliveries(array[explain_messages.workflow_request_id]) as c))
    group by d.state, d.state_substate
  ) as m
  order by m.state, m.substate
$$;

comment on function etl_api.explain_messages(uuid, uuid) is
  'What the messages of a workflow request, or of one activity request, wait for, a sentence per substate; none when all were taken.';

revoke execute on function etl_api.explain_messages(uuid, uuid) from public;
