create or replace function etl_api.purge_partitions(before timestamptz, max_rows int, only_tell boolean default false)
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
  -- One a call is enough: a month has many calls.
  select p.name, p.next into part
  from etl_api.old_partitions(before, max_rows) as p
  limit 1;
  if not found then
    return;
  end if;
  kept := array(
    select w.id from public.workflow_request as w where w.created_at < part.next and w.replay = 0 limit max_rows + 1);
  -- Requests that began in it are still to be purged, or its steps to be counted.
  if pg_catalog.cardinality(kept) > max_rows or etl_api.steps_not_rolled_up(before) > 0 then
    return;
  end if;
  if only_tell then
    return query values ('state_step partition', 0::bigint, true);
    return;
  end if;
  perform etl_api.clear_partition(part.name, kept);
  return query values ('state_step partition', 1::bigint, true);
exception when lock_not_available then
  return;
end
$$;

comment on function etl_api.purge_partitions(timestamptz, int, boolean) is
  'Drops the oldest partition of state_step that ends before this time, once at most max_rows of the requests that began before its end are still there: their history moves to the default partition. only_tell: says whether it would.';

revoke execute on function etl_api.purge_partitions(timestamptz, int, boolean) from public;
