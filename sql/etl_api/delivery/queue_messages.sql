create or replace function etl_api.queue_messages(
  org_ids uuid[], workflow_request_ids uuid[], activity_request_ids uuid[], webhooks jsonb[], event_types text[], data jsonb[],
  alert_ids uuid[] default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  ids uuid[];
  queued int;
  held int;
  all_queued boolean;
begin
  if org_ids is null then
    return 0;
  end if;
  ids := etl_api.message_ids(workflow_request_ids, activity_request_ids, webhooks, event_types, data);

  -- Looked up by key, whatever the planner thinks of the tables: "offset 0" leaves nothing else.
  with made as (
    insert into public.delivery
      (id, org_id, workflow_request_id, activity_request_id, alert_id, endpoint_id, lane, url, secret_name, event_type,
       state, state_substate, state_via, due_at, created_at)
    select m.id, m.org_id, m.workflow_request_id, m.activity_request_id, m.alert_id, e.id,
      coalesce(e.id, etl_api.lane_of(m.org_id, m.webhook ->> 'url')), coalesce(e.url, m.webhook ->> 'url'),
      coalesce(e.secret_name, o.settings ->> 'webhook_secret_name', 'webhook'), m.event_type,
      -- What goes to a disabled endpoint waits until it is in use again.
      case when e.disabled_at is null then 'ready' else 'waiting' end::public.delivery_state,
      case when e.disabled_at is not null then 'endpoint_disabled' end,
      '{new,valid}',
      case when e.disabled_at is null then moment else timestamptz 'infinity' end, moment
    from unnest(ids, org_ids, workflow_request_ids, activity_request_ids, alert_ids, webhooks, event_types)
      as m (id, org_id, workflow_request_id, activity_request_id, alert_id, webhook, event_type)
    cross join lateral (select sender.settings from public.org as sender where sender.id = m.org_id offset 0) as o
    left join lateral (
      select known.*
      from public.webhook_endpoint as known
      where known.id = case when m.webhook ? 'endpoint' then utils.uuid_or_null(m.webhook -> 'endpoint') end
        and known.org_id = m.org_id
      offset 0
    ) as e on true
    -- An endpoint that does not want this event gets no message.
    where case when m.webhook ? 'endpoint'
      then e.id is not null and (e.event_types is null or m.event_type = any (e.event_types) or m.event_type = 'endpoint.test')
      else m.webhook ->> 'url' is not null end
    returning state
  )
  select pg_catalog.count(*), pg_catalog.count(*) filter (where made.state = 'waiting')
  into queued, held
  from made;
  all_queued := queued = pg_catalog.cardinality(ids);
  if not all_queued then
    perform etl_api.logger_unsent(org_ids, workflow_request_ids, activity_request_ids, webhooks, event_types);
  end if;

  insert into public.delivery_body (delivery_id, org_id, body)
  select m.id, m.org_id, pg_catalog.jsonb_build_object(
    'type', m.event_type,
    'timestamp', moment,
    'data', m.data)
  from unnest(ids, org_ids, event_types, data) as m (id, org_id, event_type, data)
  where all_queued
     or exists (select from public.delivery as d where d.id = m.id offset 0);

  if held > 0 then
    perform etl_api.confirm_held(ids);
  end if;
  if queued > held then
    perform etl_api.ring('deliver-webhooks');
  end if;
  return queued;
end
$$;

comment on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[], uuid[]) is
  'Queues messages for the webhooks given ({url} or {endpoint}) and wakes the deliverer; those of alerts have no request. What goes to a disabled endpoint waits until it is in use again. Returns how many.';

revoke execute on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[], uuid[]) from public;
grant execute on function etl_api.queue_messages(uuid[], uuid[], uuid[], jsonb[], text[], jsonb[], uuid[]) to service_role;
