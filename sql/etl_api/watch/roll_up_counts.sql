create or replace function etl_api.roll_up_counts(to_xid bigint) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  written int;
begin
  insert into etl_api.state_count as c (org_id, entity, state, state_substate, rows)
  select s.org_id, s.entity, moved.state, moved.substate, pg_catalog.sum(moved.rows)
  from (
    select t.org_id, t.entity, t.from_state, t.from_substate, t.to_state, t.substate, pg_catalog.count(*) as rows
    from etl_api.state_step_tail as t
    where t.xid < roll_up_counts.to_xid
    group by 1, 2, 3, 4, 5, 6
  ) as s
  cross join lateral (
    values (s.to_state, s.substate, s.rows), (s.from_state, s.from_substate, -s.rows)
  ) as moved (state, substate, rows)
  where moved.state <> 'deleted'
  group by 1, 2, 3, 4
  having pg_catalog.sum(moved.rows) <> 0
  order by 1, 2, 3, 4
  on conflict (org_id, entity, state, state_substate) do update
    set rows = c.rows + excluded.rows;
  get diagnostics written = row_count;
  return written;
end
$$;

comment on function etl_api.roll_up_counts(bigint) is
  'Adds the steps of the tail before to_xid to state_count. Returns how many counts changed. Part of the roll-up, which holds the mark and moves it on.';

revoke execute on function etl_api.roll_up_counts(bigint) from public;
grant execute on function etl_api.roll_up_counts(bigint) to service_role;
