-- An activity is as far as its share of ended runs; a workflow is the mean of its activities. So a phase that has not
-- begun counts as nothing done, and runs that turn up late (the next source of a waterfall) can lower the figure.
create or replace view etl_api.workflow_progress with (security_invoker = true) as
  select
    w.id as workflow_request_id,
    w.org_id,
    w.state,
    w.state_substate,
    w.workflow_phase as phase,
    w.phase_count,
    coalesce(a.activities, '{}') as activities,
    coalesce(r.runs, '{}') as runs,
    coalesce(d.deliveries, '{}') as deliveries,
    done.percent,
    case when w.finished_at is null and done.percent > 0
      then (utils.now() - w.started_at) * ((100 - done.percent) / done.percent)::double precision
    end as eta,
    w.created_at,
    w.started_at,
    w.finished_at
  from public.workflow_request as w
  left join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.number) as activities,
      pg_catalog.sum(s.number) as number,
      pg_catalog.sum(s.share) as share
    from (
      select ar.state, pg_catalog.count(*) as number,
        pg_catalog.sum(case
          when ar.state in ('done', 'delivered', 'failed', 'timedout', 'invalid') then 1
          else coalesce(ran.share, 0)
        end) as share
      from public.activity_request as ar
      left join lateral (
        select pg_catalog.avg((q.state in ('done', 'delivered', 'failed', 'timedout', 'invalid'))::int) as share
        from public.run_queue as q
        where q.activity_request_id = ar.id
          and ar.state = 'in_progress'
      ) as ran on true
      where ar.workflow_request_id = w.id
      group by ar.state
    ) as s
  ) as a on true
  left join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.number) as runs
    from (
      select q.state, pg_catalog.count(*) as number
      from public.activity_request as ar
      join public.run_queue as q on q.activity_request_id = ar.id
      where ar.workflow_request_id = w.id
      group by q.state
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
      else pg_catalog.round(100 * coalesce(a.share / a.number, 0), 1)
    end as percent
  ) as done
  where w.replay = 0;

comment on view etl_api.workflow_progress is
  'How far each workflow request is, of those the reader may see.';
comment on column etl_api.workflow_progress.workflow_request_id is 'The workflow request.';
comment on column etl_api.workflow_progress.org_id is 'Its tenant.';
comment on column etl_api.workflow_progress.state is 'Its state.';
comment on column etl_api.workflow_progress.state_substate is 'Its substate.';
comment on column etl_api.workflow_progress.phase is 'The phase it is in; null before its first.';
comment on column etl_api.workflow_progress.phase_count is 'How many phases it has.';
comment on column etl_api.workflow_progress.activities is 'Number of its activity requests by state.';
comment on column etl_api.workflow_progress.runs is 'Number of its runs by state.';
comment on column etl_api.workflow_progress.deliveries is 'Number of its messages by state.';
comment on column etl_api.workflow_progress.percent is 'How much of it has ended, 0 to 100: the mean of its activities.';
comment on column etl_api.workflow_progress.eta is
  'How long the rest takes if it goes on at the pace so far; null before anything has ended, and afterwards.';
comment on column etl_api.workflow_progress.created_at is 'When it was inserted.';
comment on column etl_api.workflow_progress.started_at is 'When its first activity started.';
comment on column etl_api.workflow_progress.finished_at is 'When it ended.';

revoke all on etl_api.workflow_progress from public;
grant select on etl_api.workflow_progress to authenticated, service_role;
