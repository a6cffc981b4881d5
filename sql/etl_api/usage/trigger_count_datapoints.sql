create or replace function etl_api.trigger_count_datapoints() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  changed uuid[];
  free uuid[];
begin
  if tg_op = 'INSERT' then
    changed := array(select distinct n.org_id from new_rows as n);
  else
    changed := array(select distinct o.org_id from old_rows as o);
  end if;

  if pg_catalog.array_position(changed, null) is not null then
    perform etl_api.count_datapoints(etl_api.lock_free_orgs(array(select o.id from public.org as o)));
    -- An org that is being made at this moment is not seen here, nor does it see these: the sweep looks again.
    insert into etl_api.org_count_delta (org_id, recount_datapoints, created_at)
    values (null, true, utils.now());
  else
    free := etl_api.lock_free_orgs(changed);
    perform etl_api.count_datapoints(free);
    insert into etl_api.org_count_delta (org_id, recount_datapoints, created_at)
    select o.id, true, utils.now()
    from public.org as o
    where o.id = any (changed)
      and o.id <> all (free);
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_count_datapoints() is
  'Counts the datapoints of orgs anew when some come or go; shared ones are counted for every org.';

revoke execute on function etl_api.trigger_count_datapoints() from public;
