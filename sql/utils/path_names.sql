create or replace function utils.path_names(path jsonb) returns text[]
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  steps constant jsonb := utils.path_steps(path);
  names text[] := '{}'::text[];
begin
  -- Names that #> would take for an index are no plain names, like everything that may branch.
  if pg_catalog.jsonb_path_exists(
    steps, 'strict $[*] ? (@.type() == "number" || @ == "*" || @ == "**" || @ like_regex "^\\s*[-+]?[0-9]")')
  then
    return null;
  end if;
  for place in 0 .. pg_catalog.jsonb_array_length(steps) - 1 loop
    names := names || (steps ->> place);
  end loop;
  return names;
end
$$;

comment on function utils.path_names(jsonb) is
  'The names of a path for the operator #>, which takes them all at once; null when the path may branch or has an index.';

revoke execute on function utils.path_names(jsonb) from public;
grant execute on function utils.path_names(jsonb) to authenticated, service_role;
