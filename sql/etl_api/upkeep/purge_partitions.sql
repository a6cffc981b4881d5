create or replace function etl_api.purge_partitions(before timestamptz, max_rows int)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
-- Nobody can write history meanwhile: rather than hold up every writer it tries again with the next call.
set lock_timeout = '200ms'
as $$
#variable_conflict use_column
declare
  part record;
  kept uuid[];
begin
  -- A loop, because each partition is a statement of its own. One partition a call is enough: a month has many calls.
  for part in
    select p.name, p.next
    from etl_api.old_partitions(before, max_rows) as p
    limit 1
  loop
    kept := array(
      select w.id from public.workflow_request as w where w.created_at < part.next and w.replay = 0 limit max_rows + 1);
    -- Requests that began in it are still to be purged, and their steps counted.
    exit when pg_catalog.cardinality(kept) > max_rows or etl_api.steps_not_rolled_up(before) > 0;
    perform etl_api.clear_partition(part.name, kept);
    return query values ('state_step partition', 1::bigint, true);
  end loop;
exception when lock_not_available then
  return;
end
$$;

comment on function etl_api.purge_partitions(timestamptz, int) is
  'Drops the oldest partition of state_step that ends before this time, once at most max_rows of the requests that began before its end are still there: their history moves to the default partition.';

revoke execute on function etl_api.purge_partitions(timestamptz, int) from public;
