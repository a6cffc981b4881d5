-- An activity is as far as its share of ended runs; a workflow is the mean of its activities. So a phase that has not
-- begun counts as nothing done, and runs that turn up late (the next source of a waterfall) can lower the figure.
-- The runs of an activity that has ended are read from its result: there may be 100,000 of them.
create or replace view etl_api.workflow_progress with (security_invoker = true) as
  select
    w.id as workflow_request_id,
    w.org_id,
    w.state,
    w.state_substate,
    w.workflow_phase as phase,
    w.phase_count,
    coalesce(p.phases, '[]') as phases,
    coalesce(a.activities, '{}') as activities,
    coalesce(r.runs, '{}') as runs,
    coalesce(d.deliveries, '{}') as deliveries,
    done.percent,
    case when w.finished_at is null and done.percent > 0
      then (utils.now() - w.started_at) * ((100 - done.percent) / done.percent)::double precision
    end as eta,
    w.created_at,
    w.started_at,
    w.finished_at,
    w.is_open
  from public.workflow_request as w
  left join lateral (
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'phase', ar.workflow_phase, 'state', ar.state, 'ended', ended.so, 'runs', ran.runs,
        'share', case when ended.so then 1 else coalesce(live.share, 0) end)) as list
    from public.activity_request as ar
    cross join lateral (
      select ar.state in ('done', 'delivered', 'failed', 'timedout', 'invalid') as so
    ) as ended
    left join public.activity_result as res
      on res.activity_request_id = ar.id
      and res.org_id = ar.org_id
      and ended.so
    left join lateral (
      select pg_catalog.jsonb_object_agg(s.state, s.number) as runs,
        pg_catalog.sum(s.number) filter (where s.state in ('done', 'delivered', 'failed', 'timedout', 'invalid'))
          / pg_catalog.sum(s.number) as share
      from (
        select q.state, pg_catalog.count(*) as number
        from public.run_queue as q
        where q.activity_request_id = ar.id
          and res.summary -> 'runs' is null
        group by q.state
      ) as s
    ) as live on true
    cross join lateral (
      select coalesce(res.summary -> 'runs', live.runs, '{}') as runs
    ) as ran
    where ar.workflow_request_id = w.id
  ) as all_of on true
  left join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.number) as activities,
      pg_catalog.sum(s.share) / pg_catalog.sum(s.number) as share
    from (
      select e.state, pg_catalog.count(*) as number, pg_catalog.sum(e.share) as share
      from pg_catalog.jsonb_to_recordset(all_of.list) as e (state text, share numeric)
      group by e.state
    ) as s
  ) as a on true
  left join lateral (
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'phase', s.phase, 'activities', s.activities, 'ended', s.ended, 'percent', pg_catalog.round(100 * s.share, 1))
      order by s.phase) as phases
    from (
      select e.phase, pg_catalog.count(*) as activities, pg_catalog.count(*) filter (where e.ended) as ended,
        pg_catalog.avg(e.share) as share
      from pg_catalog.jsonb_to_recordset(all_of.list) as e (phase int, ended boolean, share numeric)
      group by e.phase
    ) as s
  ) as p on true
  left join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.number) as runs
    from (
      select ran.key as state, pg_catalog.sum(ran.value::bigint) as number
      from pg_catalog.jsonb_to_recordset(all_of.list) as e (runs jsonb)
      cross join lateral pg_catalog.jsonb_each_text(e.runs) as ran
      group by ran.key
    ) as s
  ) as r on true
  left join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.number) as deliveries
    from (
      select de.state, pg_catalog.count(*) as number
      from public.delivery as de
      where de.workflow_request_id = w.id
      group by de.state
    ) as s
  ) as d on true
  cross join lateral (
    select case
      when w.state in ('done', 'delivered', 'failed', 'timedout', 'invalid') then 100
      else pg_catalog.round(100 * coalesce(a.share, 0), 1)
    end as percent
  ) as done
  where w.replay = 0;

comment on view etl_api.workflow_progress is
  'How far each workflow request is, of those the reader may see. Quick for one (workflow_request_id), for the newest (order by created_at desc limit 100) and for the open ones (state in (''waiting'', ''ready'', ''in_progress'')).';
comment on column etl_api.workflow_progress.workflow_request_id is 'The workflow request.';
comment on column etl_api.workflow_progress.org_id is 'Its tenant.';
comment on column etl_api.workflow_progress.state is 'Its state.';
comment on column etl_api.workflow_progress.state_substate is 'Its substate.';
comment on column etl_api.workflow_progress.phase is 'The phase it is in; null before its first.';
comment on column etl_api.workflow_progress.phase_count is 'How many phases it has.';
comment on column etl_api.workflow_progress.phases is
  'Its phases in order: [{phase, activities, ended, percent}], with the number of activities and of those that have ended.';
comment on column etl_api.workflow_progress.activities is 'Number of its activity requests by state.';
comment on column etl_api.workflow_progress.runs is 'Number of its runs by state.';
comment on column etl_api.workflow_progress.deliveries is 'Number of its messages by state.';
comment on column etl_api.workflow_progress.percent is 'How much of it has ended, 0 to 100: the mean of its activities.';
comment on column etl_api.workflow_progress.eta is
  'How long the rest takes if it goes on at the pace so far; null before anything has ended, and afterwards.';
comment on column etl_api.workflow_progress.created_at is 'When it was inserted.';
comment on column etl_api.workflow_progress.started_at is 'When its first activity started.';
comment on column etl_api.workflow_progress.finished_at is 'When it ended.';
comment on column etl_api.workflow_progress.is_open is
  'Whether it has not ended. To find the open ones ask by this: an index holds them, however many have ended.';

revoke all on etl_api.workflow_progress from public;
grant select on etl_api.workflow_progress to authenticated, service_role;
