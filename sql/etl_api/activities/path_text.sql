create or replace function etl_api.path_text(path jsonb) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select '$' || coalesce(pg_catalog.string_agg(
      case pg_catalog.jsonb_typeof(e.value)
        when 'number' then '[' || e.value::text || ']'
        else case
          when e.value #>> '{}' = '*' then '.*'
          when e.value #>> '{}' = '**' then '.**'
          when e.value #>> '{}' ~ '^[A-Za-z_][A-Za-z0-9_]*$' then '.' || (e.value #>> '{}')
          when e.value #>> '{}' ~ '^[0-9]+$' then '[' || (e.value #>> '{}') || ']'
          else '[' || e.value::text || ']'
        end
      end, '' order by e.place), '')
    from pg_catalog.jsonb_array_elements(
      case when pg_catalog.jsonb_typeof(path) = 'array' then path else pg_catalog.jsonb_build_array(path) end)
      with ordinality as e (value, place));
end
$$;

comment on function etl_api.path_text(jsonb) is
  'A path as people write it: ["input", "companies", 2] is $.input.companies[2].';

revoke execute on function etl_api.path_text(jsonb) from public;
grant execute on function etl_api.path_text(jsonb) to service_role;
