create or replace function etl_api.change_columns(columns jsonb, changes jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(
    case
      when g.value is null then c.value
      when g.value ->> 'to' <> c.value ->> 'type' then c.value
        || pg_catalog.jsonb_build_object('type', g.value ->> 'to', 'format', null, 'options', null)
      else c.value || pg_catalog.jsonb_build_object('options', c.value -> 'options' || (g.value -> 'options'))
    end
    order by c.place), '[]')
  from pg_catalog.jsonb_array_elements(columns) with ordinality as c (value, place)
  left join pg_catalog.jsonb_array_elements(changes) as g (value) on g.value ->> 'name' = c.value ->> 'name'
$$;

comment on function etl_api.change_columns(jsonb, jsonb) is
  'Columns after changes, [{"name", "to", "options"}]: another type, or more options of the same.';

revoke execute on function etl_api.change_columns(jsonb, jsonb) from public;
grant execute on function etl_api.change_columns(jsonb, jsonb) to service_role;
