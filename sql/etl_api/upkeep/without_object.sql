create or replace function etl_api.without_object(list jsonb, natural_key jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(e.value order by e.place), '[]')
  from pg_catalog.jsonb_array_elements(case when pg_catalog.jsonb_typeof(list) = 'array' then list end)
    with ordinality as e (value, place)
  where e.value -> 'key' is distinct from natural_key
$$;

comment on function etl_api.without_object(jsonb, jsonb) is
  'A list of a result or message (objects, refusals) without what it says of the object with this natural key.';

revoke execute on function etl_api.without_object(jsonb, jsonb) from public;
