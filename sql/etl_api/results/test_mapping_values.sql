create or replace function etl_api.test_mapping_values(source public.source, object_type_id uuid, read jsonb)
returns table (
  what text, object_type text, object_no int, name text, value jsonb, path text, message text, mapping_id uuid)
language sql stable
set search_path = ''
as $$
  with object as materialized (
    select o.place::int as no, o.value -> 'path' as path, o.value -> 'object' as object, o.value -> 'raw' as raw,
      nullif(o.value -> 'key', 'null') as key
    from pg_catalog.jsonb_array_elements(read) with ordinality as o (value, place)
  ),
  -- As store_answer_values takes them.
  wanted as materialized (
    select d.name, ds.id as mapping_id, ds.key_mapping_json as mapping, d.name = any (t.key_datapoints) as is_key,
      pg_catalog.array_position(t.key_datapoints, d.name) as key_place
    from public.object_type as t
    join public.datapoint as d on d.object_type_id = t.id
    left join public.datapoint_source as ds
      on ds.datapoint_id = d.id
      and ds.source_id = source.id
    where t.id = test_mapping_values.object_type_id
      and (d.org_id is null or d.org_id = source.org_id or d.org_id in (select etl_api.my_orgs()))
  ),
  given as materialized (
    select o.no, o.raw, w.*,
      case when w.mapping_id is not null then utils.jsonb_resolve_value(o.raw, w.mapping) else nullif(o.object -> w.name, 'null') end as value,
      etl_api.path_text(o.path || utils.path_steps(coalesce(utils.mapping_path(w.mapping), pg_catalog.to_jsonb(w.name)))) as path
    from object as o
    cross join wanted as w
  )
  select r.what, t.name, r.no, r.name, r.value, r.path, r.message, r.mapping_id
  from public.object_type as t
  cross join lateral (
    select 1 as part, o.no, 0 as line, 'object' as what, null::text as name, o.key as value, etl_api.path_text(o.path) as path,
      case when o.key is null then pg_catalog.format('It has no key: it needs %s. A search leaves it out.',
        pg_catalog.array_to_string(t.key_datapoints, ' and ')) end as message,
      null::uuid as mapping_id
    from object as o
    union all
    select 1, g.no, 1, 'value', g.name, g.value, g.path, null, g.mapping_id
    from given as g
    where g.value is not null
    union all
    select * from etl_api.test_mapping_misses((select pg_catalog.jsonb_agg(g) from given as g where g.mapping_id is not null or g.is_key))
  ) as r
  where t.id = test_mapping_values.object_type_id
  order by r.part, r.no, r.line, r.name
$$;

comment on function etl_api.test_mapping_values(public.source, uuid, jsonb) is
  'The rows of test_mapping about the objects read from a sample answer ([{path, object, raw, key}]).';

revoke execute on function etl_api.test_mapping_values(public.source, uuid, jsonb) from public;
