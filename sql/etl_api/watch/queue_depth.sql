create or replace view etl_api.queue_depth with (security_invoker = true) as
  select open.queue, open.source_id, s.name as source,
    pg_catalog.sum(open.due_now)::bigint as due_now,
    pg_catalog.sum(open.later)::bigint as later,
    pg_catalog.sum(open.in_flight)::bigint as in_flight,
    pg_catalog.min(open.oldest_due_at) as oldest_due_at,
    utils.now() - pg_catalog.min(open.oldest_due_at) as oldest_due_age
  from (
    select 'runs' as queue, q.source_id,
      pg_catalog.count(*) filter (where q.due_at <= (select utils.now())) as due_now,
      pg_catalog.count(*) filter (where q.due_at > (select utils.now())) as later,
      0 as in_flight,
      pg_catalog.min(q.due_at) filter (where q.due_at <= (select utils.now())) as oldest_due_at
    from public.run_queue as q
    where q.state in ('waiting', 'ready')
    group by q.source_id
    union all
    -- The runs that open HTTP requests carry: there is no index of runs in progress, and there are few such requests.
    select 'runs', carried.source_id, 0, 0, pg_catalog.sum(carried.runs), null
    from (
      select r.source_id, r.root_id
      from public.run_request as r
      where r.state in ('waiting', 'ready')
      union
      select r.source_id, r.root_id
      from public.run_request as r
      where r.state = 'in_progress'
    ) as chain
    cross join lateral (
      select chain.source_id, pg_catalog.count(*) as runs
      from public.run_queue as q
      where q.run_request_id = chain.root_id
        and q.state = 'in_progress'
    ) as carried
    group by carried.source_id
    having pg_catalog.sum(carried.runs) > 0
    union all
    select 'http_requests', r.source_id,
      pg_catalog.count(*) filter (where r.due_at <= (select utils.now())),
      pg_catalog.count(*) filter (where r.due_at > (select utils.now())),
      0,
      pg_catalog.min(r.due_at) filter (where r.due_at <= (select utils.now()))
    from public.run_request as r
    where r.state in ('waiting', 'ready')
    group by r.source_id
    union all
    select 'http_requests', r.source_id, 0, 0, pg_catalog.count(*), null
    from public.run_request as r
    where r.state = 'in_progress'
    group by r.source_id
    union all
    select 'deliveries', null,
      pg_catalog.count(*) filter (where d.due_at <= (select utils.now())),
      pg_catalog.count(*) filter (where d.due_at > (select utils.now())),
      0,
      pg_catalog.min(d.due_at) filter (where d.due_at <= (select utils.now()))
    from public.delivery as d
    where d.state in ('waiting', 'ready')
    having pg_catalog.count(*) > 0
    union all
    select 'deliveries', null, 0, 0, pg_catalog.count(*), null
    from public.delivery as d
    where d.state = 'in_progress'
    having pg_catalog.count(*) > 0
  ) as open
  left join public.source as s on s.id = open.source_id
  group by open.queue, open.source_id, s.name;

comment on view etl_api.queue_depth is
  'What waits to be taken and what is under way, by queue and source, of what the reader may see; a queue with nothing in it has no row.';
comment on column etl_api.queue_depth.queue is
  'runs (objects to ask a source about), http_requests (to sources: retries, polls, pages, hand-backs) or deliveries (messages to clients).';
comment on column etl_api.queue_depth.source_id is 'The source; null for deliveries.';
comment on column etl_api.queue_depth.source is 'Its name.';
comment on column etl_api.queue_depth.due_now is 'How many could be taken now.';
comment on column etl_api.queue_depth.later is 'How many wait for their time: a back-off, a poll, a budget.';
comment on column etl_api.queue_depth.in_flight is 'How many are under way.';
comment on column etl_api.queue_depth.oldest_due_at is 'Since when the oldest of those due could have been taken; null when none is due.';
comment on column etl_api.queue_depth.oldest_due_age is 'How long ago that was.';

revoke all on etl_api.queue_depth from public;
grant select on etl_api.queue_depth to authenticated, service_role;
