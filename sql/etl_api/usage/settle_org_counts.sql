create or replace function etl_api.settle_org_counts(max_orgs int default 1000) returns int
language plpgsql
set search_path = ''
as $$
declare
  free uuid[];
  to_count uuid[];
begin
  -- One at a time: a second one would wait for the notes that the first takes away.
  if not exists (select 1 from etl_api.org_count_delta)
    or not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('etl_api.settle_org_counts', 0))
  then
    return 0;
  end if;

  -- What is for all becomes a note for each, so that it reaches also those whose row is held now.
  delete from etl_api.org_count_delta as d
  where d.org_id is null;
  if found then
    insert into etl_api.org_count_delta (org_id, recount_datapoints, created_at)
    select o.id, true, utils.now()
    from public.org as o;
  end if;
  delete from etl_api.org_count_delta as d
  where not exists (select 1 from public.org as o where o.id = d.org_id);

  free := etl_api.lock_free_orgs(array(
    select distinct d.org_id
    from etl_api.org_count_delta as d
    limit max_orgs));
  with told as (
    delete from etl_api.org_count_delta as d
    where d.org_id = any (free)
      and d.recount_datapoints
    returning d.org_id
  )
  select pg_catalog.array_agg(distinct told.org_id) into to_count
  from told;
  if to_count is not null then
    perform etl_api.count_datapoints(to_count);
  end if;
  perform etl_api.add_org_counts(free);
  return pg_catalog.cardinality(free);
end
$$;

comment on function etl_api.settle_org_counts(int) is
  'Adds to the counters of orgs what lies in org_count_delta, and counts their datapoints anew where they came or went, for at most max_orgs whose row nobody else holds. Returns how many. The sweep calls it.';

revoke execute on function etl_api.settle_org_counts(int) from public;
grant execute on function etl_api.settle_org_counts(int) to service_role;
