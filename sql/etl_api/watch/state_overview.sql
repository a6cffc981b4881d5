create or replace view etl_api.state_overview with (security_invoker = true) as
  select
    counted.entity,
    counted.state,
    counted.state_substate,
    counted.rows,
    counted.oldest_at,
    utils.now() - counted.oldest_at as oldest_age
  from (
    select 'workflow_request'::etl_api.entity_kind as entity, w.state::text as state, w.state_substate,
      pg_catalog.count(*) as rows, pg_catalog.min(w.created_at) as oldest_at
    from public.workflow_request as w
    where w.replay = 0
    group by w.state, w.state_substate
    union all
    select 'activity_request', a.state::text, a.state_substate, pg_catalog.count(*), pg_catalog.min(a.created_at)
    from public.activity_request as a
    group by a.state, a.state_substate
    union all
    select 'run_queue', q.state::text, q.state_substate, pg_catalog.count(*), pg_catalog.min(q.created_at)
    from public.run_queue as q
    group by q.state, q.state_substate
    union all
    select 'run_request', r.state::text, r.state_substate, pg_catalog.count(*), pg_catalog.min(r.created_at)
    from public.run_request as r
    group by r.state, r.state_substate
    union all
    select 'delivery', d.state::text, d.state_substate, pg_catalog.count(*), pg_catalog.min(d.created_at)
    from public.delivery as d
    group by d.state, d.state_substate
  ) as counted;

comment on view etl_api.state_overview is
  'How many rows of each table are in which state and substate, of those the reader may see; it counts whole tables.';
comment on column etl_api.state_overview.entity is 'The table.';
comment on column etl_api.state_overview.state is 'The state.';
comment on column etl_api.state_overview.state_substate is 'The substate; null when all is plain.';
comment on column etl_api.state_overview.rows is 'How many rows.';
comment on column etl_api.state_overview.oldest_at is 'When the oldest of them was made.';
comment on column etl_api.state_overview.oldest_age is 'How long ago that was.';

revoke all on etl_api.state_overview from public;
grant select on etl_api.state_overview to authenticated, service_role;
