create or replace function etl_api.kv_columns(mapping etl_api.kv_mapping)
returns table (
  place int, name text, variable text, way text[], constant text, type text, refers_to text, is_indexed boolean,
  column_type text, read_sql text, back_sql text, is_key boolean)
language sql stable
set search_path = ''
as $$
  select c.place::int, c.value ->> 'name', c.value ->> 'key',
    case pg_catalog.jsonb_typeof(c.value -> 'path')
      when 'string' then array[c.value ->> 'path']
      when 'array' then array(select e.value #>> '{}' from pg_catalog.jsonb_array_elements(c.value -> 'path') as e)
    end, c.value ->> 'value',
    coalesce(c.value ->> 'type', 'text'), c.value ->> 'references', coalesce((c.value ->> 'index')::boolean, false),
    t.column_type, t.read_sql, t.back_sql, c.value ? 'key' or c.value ? 'value'
  from pg_catalog.jsonb_array_elements(mapping.columns) with ordinality as c (value, place)
  cross join lateral etl_api.kv_column_type(coalesce(c.value ->> 'type', 'text')) as t
  order by c.place
$$;

comment on function etl_api.kv_columns(etl_api.kv_mapping) is
  'The columns of a mapping, one a row. Its key is made of its variables and constants.';

revoke execute on function etl_api.kv_columns(etl_api.kv_mapping) from public;
