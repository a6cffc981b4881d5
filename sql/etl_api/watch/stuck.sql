create or replace view etl_api.stuck with (security_invoker = true) as
  select o.entity, o.entity_id, o.org_id, o.workflow_request_id, o.source_id, why.reason, o.since,
    utils.now() - o.since as overdue,
    pg_catalog.format(
      case why.reason
        when 'timeout' then 'Its time was over %1$s ago, but no sweep has ended it.'
        when 'lease' then 'Its worker has not reported since its lease ended %1$s ago, and no sweep has taken it back.'
        when 'source_disabled' then 'It has been due for %1$s, but its source %2$s is disabled.'
        when 'source_busy' then 'It has been due for %1$s: its source %2$s takes %3$s HTTP requests at once, and they are under way.'
        when 'endpoint_slow' then 'It has been due for %1$s: its address answers late or not at all, so no more than %4$s are sent there at once.'
        when 'endpoint_ordered' then 'It has been due for %1$s: messages go there one after the other, and others go first.'
        when 'not_taken' then 'It has been due for %1$s, but no worker has taken it.'
        when 'not_started' then 'It should have started %1$s ago, but no sweep has started it.'
        when 'bell' then 'Its runs have ended, but for %1$s no worker has moved it on.'
        when 'sweep' then 'Nobody has called etl_api.recover() for %1$s.'
      end,
      pg_catalog.date_trunc('second', utils.now() - o.since), s.name, s.max_concurrency, lane.at_once) as message,
    case why.reason
      when 'source_disabled' then 'Set source.enabled to true, or end it with etl_api.cancel(id).'
      when 'source_busy' then 'It is a queue, not a fault: raise source.max_concurrency if the source can bear it, or wait.'
      when 'endpoint_slow' then 'It is a queue, not a fault: see what etl_api.delivery_health says of its address, and disable the endpoint if nobody answers there.'
      when 'endpoint_ordered' then 'etl_api.explain(entity_id) tells what it waits for; etl_api.cancel of that lets the others go.'
      when 'not_taken' then case
        when o.entity = 'delivery' then 'See that the function deliver-webhooks runs and hears the bell (docs/supabase.md); calling it once takes what is due.'
        else 'See that the function execute-runs runs and hears the bell (docs/supabase.md), and that the rate_limit and the budget leave room; calling it once takes what is due.'
      end
      when 'bell' then 'See that the function execute-runs runs and hears the bell (docs/supabase.md); calling it once moves it on.'
      when 'sweep' then 'See that the clock calls etl_api.recover() every few seconds to a minute (docs/supabase.md).'
      else 'See that the clock calls etl_api.recover() every few seconds to a minute (docs/supabase.md); if it does, etl_log says why this row could not be ended.'
    end as what_to_do
  from etl_api.overdue as o
  left join public.source as s on s.id = o.source_id
  left join (
    select r.source_id, pg_catalog.count(*) as requests
    from public.run_request as r
    where r.state = 'in_progress'
    group by r.source_id
  ) as flight on flight.source_id = o.source_id
  left join public.delivery as message on o.entity = 'delivery' and message.id = o.entity_id and message.org_id = o.org_id
  left join etl_api.delivery_lane as lane on lane.lane = coalesce(message.endpoint_id, message.lane)
  cross join lateral (
    select case
      when o.reason = 'not_taken' and lane.head_id is not null then 'endpoint_ordered'
      when o.reason = 'not_taken' and lane.at_once < (
        select (c.value #>> '{}')::numeric from etl_api.setting as c where c.name = 'lane_start') then 'endpoint_slow'
      when o.reason = 'not_taken' and not s.enabled then 'source_disabled'
      when o.reason = 'not_taken' and o.entity = 'run_queue' and flight.requests >= s.max_concurrency then 'source_busy'
      else o.reason
    end as reason
  ) as why
  -- A tenant that was deleted waits for nothing.
  where o.org_id is null
    or not exists (select 1 from public.org as d where d.id = o.org_id and d.deleted_at is not null);

comment on view etl_api.stuck is
  'What is over its time and why, of what the reader may see: time-outs and leases no sweep has ended, due work nobody has taken for the setting stuck_after_seconds, messages overdue, starts missed, bells unheard. etl_api.explain(entity_id) tells more of one.';
comment on column etl_api.stuck.entity is 'The table of the row; sweep for the sweep itself.';
comment on column etl_api.stuck.entity_id is 'The row; null for the sweep.';
comment on column etl_api.stuck.org_id is 'Its tenant; null for the sweep.';
comment on column etl_api.stuck.workflow_request_id is 'The request it serves; null for an alert''s message, a schedule, the sweep.';
comment on column etl_api.stuck.source_id is 'The source it waits for.';
comment on column etl_api.stuck.reason is
  'timeout, lease, source_disabled, source_busy, endpoint_slow, endpoint_ordered, not_taken, not_started, bell or sweep.';
comment on column etl_api.stuck.since is 'When its time was over.';
comment on column etl_api.stuck.overdue is 'How long ago that was.';
comment on column etl_api.stuck.message is 'What is wrong, in a sentence.';
comment on column etl_api.stuck.what_to_do is 'What to look at.';

revoke all on etl_api.stuck from public;
grant select on etl_api.stuck to authenticated, service_role;
