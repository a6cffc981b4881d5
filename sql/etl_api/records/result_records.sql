create or replace function etl_api.result_records(objects jsonb, keys jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  -- keys says at which place each object was before; others follow.
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.jsonb_build_object(
      'record_index', coalesce(r.known - 1, pg_catalog.jsonb_array_length(keys) + r.new - 1),
      'fields', (
        select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
          'name', v.key, 'value', v.value,
          'confidence', r.value #> array['provenance', v.key, 'confidence'],
          'source', r.value #> array['provenance', v.key, 'source']))), '[]')
        from pg_catalog.jsonb_each(coalesce(r.value -> 'key', '{}') || coalesce(r.value -> 'values', '{}')) as v
        where v.value <> 'null'))
    order by r.place), '[]')
  from (
    select o.value, o.place, k.place as known, pg_catalog.count(*) filter (where k.place is null) over (order by o.place) as new
    from pg_catalog.jsonb_array_elements(objects) with ordinality as o (value, place)
    left join (
      select e.value, pg_catalog.min(e.place) as place
      from pg_catalog.jsonb_array_elements(keys) with ordinality as e (value, place)
      group by e.value
    ) as k on k.value = o.value -> 'key'
  ) as r
$$;

comment on function etl_api.result_records(jsonb, jsonb) is
  'The objects of an activity''s result as generated records; each is at the place its key has in keys, or behind.';

revoke execute on function etl_api.result_records(jsonb, jsonb) from public;
grant execute on function etl_api.result_records(jsonb, jsonb) to service_role;
