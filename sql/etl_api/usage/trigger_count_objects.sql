create or replace function etl_api.trigger_count_objects() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    perform etl_api.add_org_counts(pg_catalog.array_agg(c.org_id),
      objects => pg_catalog.array_agg(c.count), new_objects => pg_catalog.array_agg(c.count))
    from (
      select n.org_id, pg_catalog.count(*)
      from new_rows as n
      group by n.org_id
    ) as c
    having pg_catalog.count(*) > 0;
  else
    -- An object deleted gives no free object back.
    perform etl_api.add_org_counts(pg_catalog.array_agg(c.org_id), objects => pg_catalog.array_agg(- c.count))
    from (
      select o.org_id, pg_catalog.count(*)
      from old_rows as o
      group by o.org_id
    ) as c
    having pg_catalog.count(*) > 0;
  end if;
  return null;
end
$$;

comment on function etl_api.trigger_count_objects() is
  'Keeps org.object_count with the objects stored, and takes new ones from org.free_objects.';

revoke execute on function etl_api.trigger_count_objects() from public;
