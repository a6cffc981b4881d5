create or replace function etl_api.test_mapping_read(source public.source, object_type_id uuid, mapping jsonb, sample jsonb)
returns table (place bigint, path text[], natural_key jsonb, object jsonb, raw jsonb)
language sql stable
set search_path = ''
as $$
  -- As answer_objects reads the answer of an activity.
  select n.place, n.path, etl_api.natural_key(t.key_datapoints, whole.object), whole.object, n.raw
  from public.object_type as t
  cross join lateral (
    select found.object, found.raw, found.path, pg_catalog.row_number() over () as place
    from utils.jsonb_resolve_object_names(sample, mapping) as found
  ) as n
  cross join lateral (
    select case when (n.raw || n.object) ?& t.key_datapoints then n.raw || n.object
      else n.raw || n.object || coalesce((
        select pg_catalog.jsonb_object_agg(d.name, utils.jsonb_resolve_value(n.raw, ds.key_mapping_json))
        from public.datapoint_source as ds
        join public.datapoint as d on d.id = ds.datapoint_id
        where ds.source_id = source.id
          and d.object_type_id = t.id
          and d.name = any (t.key_datapoints)
          and not (n.raw || n.object) ? d.name), '{}') end as object
  ) as whole
  where t.id = test_mapping_read.object_type_id
$$;

comment on function etl_api.test_mapping_read(public.source, uuid, jsonb, jsonb) is
  'The objects in a sample answer, as answer_objects finds them in a real one, with their places; see test_mapping.';

revoke execute on function etl_api.test_mapping_read(public.source, uuid, jsonb, jsonb) from public;
