create or replace function etl_api.sync_datapoint_source(source_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- What the mapping of a whole object says of a field need not be said again per datapoint. Rows a user wrote
  -- for the same datapoint say more, and win.
  with wanted as (
    select distinct on (os.source_id, d.id) os.org_id, os.source_id, d.id as datapoint_id, f.value as key_mapping_json
    from public.object_source as os
    cross join lateral pg_catalog.jsonb_each(
      case when pg_catalog.jsonb_typeof(os.key_mapping_json -> 'fields') = 'object'
        then os.key_mapping_json -> 'fields' else '{}' end) as f
    join public.datapoint as d
      on d.object_type_id = os.object_type_id
      and d.name = f.key
      and (d.org_id is null or d.org_id = os.org_id)
    where os.source_id = any (source_ids)
      and os.direction = 'result'
    order by os.source_id, d.id
  ),
  gone as (
    delete from public.datapoint_source as ds
    where ds.source_id = any (source_ids)
      and ds.derived
      and not exists (
        select 1
        from wanted as w
        where w.source_id = ds.source_id
          and w.datapoint_id = ds.datapoint_id)
  )
  insert into public.datapoint_source as ds (org_id, source_id, datapoint_id, key_mapping_json, derived)
  select w.org_id, w.source_id, w.datapoint_id, w.key_mapping_json, true
  from wanted as w
  order by w.source_id, w.datapoint_id
  on conflict (source_id, datapoint_id) do update
    set key_mapping_json = excluded.key_mapping_json
    where ds.derived
      and ds.key_mapping_json <> excluded.key_mapping_json;
end
$$;

comment on function etl_api.sync_datapoint_source(uuid[]) is
  'Keeps the derived datapoint_source rows of these sources in step with the fields of their result mappings: makes, changes and removes them; rows that a user wrote are left alone.';

revoke execute on function etl_api.sync_datapoint_source(uuid[]) from public;
grant execute on function etl_api.sync_datapoint_source(uuid[]) to service_role;
