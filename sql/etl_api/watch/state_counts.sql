create or replace view etl_api.state_counts with (security_invoker = true) as
  select c.org_id, c.entity, c.state, c.state_substate, pg_catalog.sum(c.rows)::bigint as rows
  from (
    select k.org_id, k.entity, k.state, k.state_substate, k.rows
    from etl_api.state_count as k
    union all
    select s.org_id, s.entity, moved.state, moved.substate, moved.rows
    from (
      select t.org_id, t.entity, t.from_state, t.from_substate, t.to_state, t.substate, pg_catalog.count(*) as rows
      from etl_api.state_step_tail as t
      group by 1, 2, 3, 4, 5, 6
    ) as s
    cross join lateral (
      values (s.to_state, s.substate, s.rows), (s.from_state, s.from_substate, -s.rows)
    ) as moved (state, substate, rows)
    where moved.state <> 'deleted'
  ) as c
  group by c.org_id, c.entity, c.state, c.state_substate
  having pg_catalog.sum(c.rows) <> 0;

comment on view etl_api.state_counts is
  'How many rows of each tenant are in which state and substate, of those the reader may see: what has been rolled up and what has happened since.';
comment on column etl_api.state_counts.org_id is 'The tenant.';
comment on column etl_api.state_counts.entity is 'The table.';
comment on column etl_api.state_counts.state is 'The state.';
comment on column etl_api.state_counts.state_substate is 'The substate; null when all is plain.';
comment on column etl_api.state_counts.rows is 'How many rows.';

revoke all on etl_api.state_counts from public;
grant select on etl_api.state_counts to authenticated, service_role;
