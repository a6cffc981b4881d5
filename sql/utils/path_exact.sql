-- In lax mode a member name on an array is that member of each of its elements, one level down: what a path means by it.
-- A JSON string is a jsonpath string too, so the path's own text becomes the accessors: quotes inside a name are escaped,
-- so that '", "' and '."*"' stand only where one step ends and the next one begins.
create or replace function utils.path_exact(path jsonb) returns jsonpath
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  accessors text;
begin
  if pg_catalog.jsonb_typeof(path) = 'string' and path <> '"**"' then
    accessors := '$.' || path::text;
  -- Lax mode takes index 0 of what is no array, and would count twice what "**" has visited.
  elsif pg_catalog.jsonb_typeof(path) = 'array'
    and not pg_catalog.jsonb_path_exists(path, 'strict $[*] ? (@.type() != "string" || @ == "**")')
    and path <> '[]'
    and path -> 100 is null  -- jsonpath goes through the steps by recursion
  then
    accessors := pg_catalog.replace('$.' || pg_catalog.btrim(path::text, '[]'), '", "', '"."');
  else
    return case when utils.path_steps(path) = '[]' then '$'::jsonpath end;
  end if;
  return pg_catalog.replace(accessors, '."*"', '.**{1}')::jsonpath;
end
$$;

comment on function utils.path_exact(jsonb) is
  'The jsonpath that gives exactly the values of a path, in document order; null when the path has an index or "**", which no jsonpath means alike, or is very long.';

revoke execute on function utils.path_exact(jsonb) from public;
grant execute on function utils.path_exact(jsonb) to authenticated, service_role;
