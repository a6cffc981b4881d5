create or replace function etl_api.purge_history(ids uuid[], before timestamptz, max_rows int) returns bigint
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  -- Months that purge_partitions clears as a whole are left to it.
  since constant timestamptz := coalesce(
    (select pg_catalog.max(p.next) from etl_api.old_partitions(before, max_rows) as p), '-infinity');
  gone bigint;
begin
  delete from etl_api.state_step as s
  where s.entity_id = any (ids)
    and s.at >= since;
  get diagnostics gone = row_count;
  if since > '-infinity' then
    -- What was left of months that have been cleared lies here.
    delete from etl_api.state_step_default as s
    where s.entity_id = any (ids)
      and s.at < since;
  end if;
  return gone;
end
$$;

comment on function etl_api.purge_history(uuid[], timestamptz, int) is
  'Deletes the history of rows that are purged, but what lies in partitions that are cleared as a whole. Returns how many rows of state_step.';

revoke execute on function etl_api.purge_history(uuid[], timestamptz, int) from public;
