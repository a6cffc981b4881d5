create or replace function etl_api.trigger_count_datapoints() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  changed uuid[];
  for_all boolean := false;
  free uuid[];
begin
  if tg_table_name = 'org' then
    changed := array(select n.id from new_rows as n);
  elsif tg_op = 'INSERT' then
    changed := array(select distinct n.org_id from new_rows as n);
  else
    changed := array(select distinct o.org_id from old_rows as o);
  end if;
  if pg_catalog.array_position(changed, null) is not null then
    for_all := true;
    changed := array(select o.id from public.org as o);
  end if;

  free := etl_api.lock_free_orgs(changed);
  perform etl_api.count_datapoints(free);
  -- A new org and a shared datapoint that come at the same time do not see each other: the sweep looks again.
  insert into etl_api.org_count_delta (org_id, recount_datapoints, created_at)
  select i.id, true, utils.now()
  from unnest(case when for_all then array[null::uuid] else changed end) as i (id)
  where for_all
    or tg_table_name = 'org'
    or i.id <> all (free) and exists (select 1 from public.org as o where o.id = i.id);
  return null;
end
$$;

comment on function etl_api.trigger_count_datapoints() is
  'Counts the datapoints of orgs anew when an org is made or datapoints come or go; shared ones are counted for every org.';

revoke execute on function etl_api.trigger_count_datapoints() from public;
