create or replace function utils.path_error(path jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    when path_error.path is null then 'a path is missing'
    when pg_catalog.jsonb_typeof(path_error.path) = 'string' then null
    when pg_catalog.jsonb_typeof(path_error.path) <> 'array' then
      pg_catalog.format('a path is a string or an array, not %s', pg_catalog.jsonb_typeof(path_error.path))
    else (
      select pg_catalog.format(
        'path element %s is %s: an element is a member name, "*", "**" or a whole number',
        e.position - 1,
        pg_catalog."left"(e.element::text, 80))
      from pg_catalog.jsonb_array_elements(path_error.path) with ordinality as e(element, position)
      where case pg_catalog.jsonb_typeof(e.element)
        when 'string' then false
        when 'number' then
          (e.element #>> '{}')::numeric <> pg_catalog.trunc((e.element #>> '{}')::numeric)
          or (e.element #>> '{}')::numeric not between -2147483648 and 2147483647
        else true
      end
      order by e.position
      limit 1)
  end
$$;

comment on function utils.path_error(jsonb) is
  'What is wrong with a path, in a sentence that names the first bad element and its position (from 0); null when it is valid.';

revoke execute on function utils.path_error(jsonb) from public;
grant execute on function utils.path_error(jsonb) to authenticated, service_role;
