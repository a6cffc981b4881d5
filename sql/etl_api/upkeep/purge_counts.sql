create or replace function etl_api.purge_counts(gone etl_api.state_count[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- In the order in which the roll-up takes these rows, and last: neither waits for the other for long, or for ever.
  insert into etl_api.state_count as c (org_id, entity, state, state_substate, rows)
  select g.org_id, g.entity, g.state, g.state_substate, pg_catalog.sum(g.rows)
  from pg_catalog.unnest(gone) as g
  group by 1, 2, 3, 4
  order by 1, 2, 3, 4
  on conflict (org_id, entity, state, state_substate) do update
    set rows = c.rows + excluded.rows;
end
$$;

comment on function etl_api.purge_counts(etl_api.state_count[]) is
  'Adds to state_count what purge_rows took away: one row for all rows alike, instead of a step in the history for each.';

revoke execute on function etl_api.purge_counts(etl_api.state_count[]) from public;
