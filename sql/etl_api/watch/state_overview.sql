-- Counts come from the summary. Only of open rows the oldest is told: a partial index each holds the open ones, however
-- many have ended.
create or replace view etl_api.state_overview with (security_invoker = true) as
  select counted.entity, counted.state, counted.state_substate, counted.rows, open.oldest_at,
    utils.now() - open.oldest_at as oldest_age
  from (
    select c.entity, c.state, c.state_substate, pg_catalog.sum(c.rows)::bigint as rows
    from etl_api.state_counts as c
    group by c.entity, c.state, c.state_substate
  ) as counted
  left join (
    select 'workflow_request'::etl_api.entity_kind as entity, w.state::text as state, w.state_substate,
      pg_catalog.min(w.created_at) as oldest_at
    from public.workflow_request as w
    where w.is_open
      and w.replay = 0
    group by w.state, w.state_substate
    union all
    select 'activity_request', a.state::text, a.state_substate, pg_catalog.min(a.created_at)
    from public.activity_request as a
    where a.is_open
    group by a.state, a.state_substate
    union all
    select 'run_queue', q.state::text, q.state_substate, pg_catalog.min(q.created_at)
    from public.run_queue as q
    where q.state in ('waiting', 'ready', 'in_progress')
    group by q.state, q.state_substate
    union all
    select 'run_request', r.state::text, r.state_substate, pg_catalog.min(r.created_at)
    from public.run_request as r
    where r.state in ('waiting', 'ready')
    group by r.state, r.state_substate
    union all
    select 'run_request', r.state::text, r.state_substate, pg_catalog.min(r.created_at)
    from public.run_request as r
    where r.state = 'in_progress'
    group by r.state, r.state_substate
    union all
    select 'delivery', d.state::text, d.state_substate, pg_catalog.min(d.created_at)
    from public.delivery as d
    where d.state in ('waiting', 'ready')
    group by d.state, d.state_substate
    union all
    select 'delivery', d.state::text, d.state_substate, pg_catalog.min(d.created_at)
    from public.delivery as d
    where d.state = 'in_progress'
    group by d.state, d.state_substate
  ) as open
    on open.entity = counted.entity
    and open.state = counted.state
    and open.state_substate is not distinct from counted.state_substate
  where counted.rows <> 0;

comment on view etl_api.state_overview is
  'How many rows of each table are in which state and substate, of those the reader may see, and since when the oldest open one is there. Exact at once, from a summary and what has happened since: it does not count tables.';
comment on column etl_api.state_overview.entity is 'The table.';
comment on column etl_api.state_overview.state is 'The state.';
comment on column etl_api.state_overview.state_substate is 'The substate; null when all is plain.';
comment on column etl_api.state_overview.rows is 'How many rows.';
comment on column etl_api.state_overview.oldest_at is
  'When the oldest of them was made, for the states waiting, ready and in_progress; null for states in which rows end, where it would only tell how old the data is.';
comment on column etl_api.state_overview.oldest_age is 'How long ago that was.';

revoke all on etl_api.state_overview from public;
grant select on etl_api.state_overview to authenticated, service_role;
