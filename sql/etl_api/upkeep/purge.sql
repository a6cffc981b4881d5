create or replace function etl_api.purge(
  older_than interval, max_rows int default 1000, of_org uuid default null, with_objects boolean default false)
returns table (what text, count bigint, more boolean)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  before timestamptz;
  of_orgs constant uuid[] := case when of_org is not null then array[of_org] end;
  gone record;
  all_gone boolean := true;
begin
  perform etl_api.check_purge_arguments(older_than, max_rows, of_org, with_objects);
  before := utils.now() - older_than;
  for gone in
    select * from etl_api.purge_requests(before, max_rows, of_orgs, with_objects)
    union all
    select * from etl_api.purge_alerts(before, max_rows, of_orgs)
    union all
    select * from etl_api.purge_test_events(before, max_rows, of_orgs)
    union all
    select * from etl_api.purge_log(before, max_rows, of_orgs)
    union all
    select * from etl_api.purge_summaries(max_rows) where of_org is null
  loop
    what := gone.what;
    count := gone.count;
    more := gone.more;
    all_gone := false;
    return next;
  end loop;

  -- Nobody can write history while a partition goes, and they may wait for what was locked above: never do both.
  if of_org is null then
    return query
    select p.what, p.count, p.more
    from etl_api.purge_partitions(before, max_rows, only_tell => not all_gone) as p;
  end if;
end
$$;

comment on function etl_api.purge(interval, int, uuid, boolean) is
  'Removes for good what ended longer ago than older_than, of one tenant or of all: requests with all their rows and history, resolved alerts, test events, entries of the log; and what the summaries need not keep. What is open, has a message open or ended since, or is held by another stays. About max_rows of each table at once: call it again, in a transaction of its own, while it says more. Objects and values stay; with_objects: those go that only purged requests dealt with and of which nothing was observed since (object, more and nothing else: the table was busy). Counters of orgs stay, but object_count. Rules of etl_api.retention hold for the sweep, not here. Returns what went; not_rolled_up: steps of that time that the summaries lack, for which requests had to stay. ETL04: an argument is missing or out of range, or there is no such org.';

revoke execute on function etl_api.purge(interval, int, uuid, boolean) from public;
grant execute on function etl_api.purge(interval, int, uuid, boolean) to service_role;
