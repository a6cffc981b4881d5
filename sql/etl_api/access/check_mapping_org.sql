create or replace function etl_api.check_mapping_org() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  -- One function for two tables; see check_config_org.
  select n.id, s.name as source, coalesce(t.name, dt.name || '.' || d.name) as target into fault
  from (select null::uuid as object_type_id, null::uuid as datapoint_id) as absent
  cross join lateral (
    select id, org_id, source_id, object_type_id, datapoint_id
    from new_rows) as n
  join public.source as s on s.id = n.source_id
  left join public.object_type as t on t.id = n.object_type_id
  left join public.datapoint as d on d.id = n.datapoint_id
  left join public.object_type as dt on dt.id = d.object_type_id
  where n.org_id is not null
    and s.org_id is null
    and coalesce(t.org_id, d.org_id, dt.org_id) is null
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s would say for every org how %s of the shared source %s is read', tg_table_name, fault.id,
        fault.target, fault.source),
      hint = 'Where source and target are both shared, so is the mapping (org_id null). To read it in another way, insert a source of your own.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_mapping_org() is
  'Refuses a mapping of one org between a shared source and a shared type or datapoint: it would hold for all. ETL07.';

revoke execute on function etl_api.check_mapping_org() from public;
