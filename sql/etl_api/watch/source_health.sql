create or replace view etl_api.source_health with (security_invoker = true) as
  select s.id as source_id, s.name as source, s.org_id, s.enabled,
    coalesce(flight.requests, 0) as in_flight,
    s.max_concurrency,
    coalesce(runs.waiting, 0) as waiting_runs,
    coalesce(requests.waiting, 0) as waiting_requests,
    least(runs.oldest_due_at, requests.oldest_due_at) as oldest_due_at,
    utils.now() - least(runs.oldest_due_at, requests.oldest_due_at) as oldest_due_age,
    coalesce(hour.answers, 0) as answers,
    coalesce(hour.failures, 0)::bigint as failures,
    pg_catalog.round(hour.failures / hour.answers, 4) as failure_rate,
    utils.bucket_milliseconds(hour.p50) as p50_ms,
    utils.bucket_milliseconds(hour.p95) as p95_ms,
    last.success_at as last_success_at,
    last.failure_at as last_failure_at,
    last.message as last_error,
    used.rate_limit
  from public.source as s
  left join (
    select r.source_id, pg_catalog.count(*) as requests
    from public.run_request as r
    where r.state = 'in_progress'
    group by r.source_id
  ) as flight on flight.source_id = s.id
  left join (
    select q.source_id, pg_catalog.count(*) as waiting,
      pg_catalog.min(q.due_at) filter (where q.due_at <= (select utils.now())) as oldest_due_at
    from public.run_queue as q
    where q.state in ('waiting', 'ready')
    group by q.source_id
  ) as runs on runs.source_id = s.id
  left join (
    select r.source_id, pg_catalog.count(*) as waiting,
      pg_catalog.min(r.due_at) filter (where r.due_at <= (select utils.now())) as oldest_due_at
    from public.run_request as r
    where r.state in ('waiting', 'ready')
    group by r.source_id
  ) as requests on requests.source_id = s.id
  left join (
    select c.source_id, pg_catalog.sum(c.answers)::bigint as answers, pg_catalog.sum(c.failures) as failures,
      pg_catalog.min(c.bucket) filter (where c.timed_up_to >= 0.50 * c.timed) as p50,
      pg_catalog.min(c.bucket) filter (where c.timed_up_to >= 0.95 * c.timed) as p95
    from (
      select b.source_id, nullif(b.bucket, -1) as bucket, b.answers, b.failures,
        pg_catalog.sum(b.answers) filter (where b.bucket >= 0) over (partition by b.source_id order by b.bucket) as timed_up_to,
        pg_catalog.sum(b.answers) filter (where b.bucket >= 0) over (partition by b.source_id) as timed
      from (
        select a.source_id, a.bucket, pg_catalog.sum(a.answers) as answers, pg_catalog.sum(a.failures) as failures
        from etl_api.answers as a
        where a.source_id is not null
          and a.slot > utils.now() - interval '1 hour'
        group by a.source_id, a.bucket
      ) as b
    ) as c
    group by c.source_id
  ) as hour on hour.source_id = s.id
  left join (
    select a.source_id, pg_catalog.max(a.success_at) as success_at, pg_catalog.max(a.failure_at) as failure_at,
      (pg_catalog.array_agg(a.message order by a.failure_at desc) filter (where a.failure_at is not null))[1] as message
    from etl_api.answers_last as a
    where a.source_id is not null
    group by a.source_id
  ) as last on last.source_id = s.id
  left join lateral (
    select pg_catalog.jsonb_object_agg(l.key, pg_catalog.jsonb_build_object(
      'limit', l.value,
      'used', case
        when w.began_at + ('1 ' || l.key)::interval > utils.now() then w.used
        when w.source_id is not null or s.org_id is not null then 0
      end)) as rate_limit
    from pg_catalog.jsonb_each(case when pg_catalog.jsonb_typeof(s.rate_limit) = 'object' then s.rate_limit end) as l
    left join etl_api.source_window as w on w.source_id = s.id and w.period = l.key
    where l.key in ('second', 'minute', 'day')
  ) as used on s.rate_limit is not null
  where s.deleted_at is null;

comment on view etl_api.source_health is
  'How each source that was not deleted fares: what is under way and waits, and what it answered in the last hour. Figures of the tenants the reader may see only, also for shared sources.';
comment on column etl_api.source_health.source_id is 'The source.';
comment on column etl_api.source_health.source is 'Its name.';
comment on column etl_api.source_health.org_id is 'Its tenant; null when it is shared by all.';
comment on column etl_api.source_health.enabled is 'Whether runs are allocated to it.';
comment on column etl_api.source_health.in_flight is 'HTTP requests under way.';
comment on column etl_api.source_health.max_concurrency is 'How many may be under way at once; null: not limited.';
comment on column etl_api.source_health.waiting_runs is 'Runs that have not been taken, due or not.';
comment on column etl_api.source_health.waiting_requests is 'HTTP requests that wait to be sent again, for a poll, a page.';
comment on column etl_api.source_health.oldest_due_at is 'Since when the oldest due one of both could have been taken; null when none is due.';
comment on column etl_api.source_health.oldest_due_age is 'How long ago that was.';
comment on column etl_api.source_health.answers is 'Attempts that came to an end in the last hour (to five minutes): an answer, or none in time.';
comment on column etl_api.source_health.failures is 'Of these, those that failed, to be tried again or not.';
comment on column etl_api.source_health.failure_rate is 'failures / answers, 0 to 1; null without answers.';
comment on column etl_api.source_health.p50_ms is 'Median of the milliseconds to the answer in the last hour, at most a tenth off.';
comment on column etl_api.source_health.p95_ms is '95th percentile, likewise.';
comment on column etl_api.source_health.last_success_at is 'The last attempt that succeeded.';
comment on column etl_api.source_health.last_failure_at is 'The last attempt that failed.';
comment on column etl_api.source_health.last_error is 'That failure in words.';
comment on column etl_api.source_health.rate_limit is
  'For each period of its rate_limit {limit, used}: requests allowed and sent in the current one, by all tenants; used is null where the reader may not see that.';

revoke all on etl_api.source_health from public;
grant select on etl_api.source_health to authenticated, service_role;
