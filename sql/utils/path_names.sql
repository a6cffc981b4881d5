create or replace function utils.path_names(path jsonb) returns text[]
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  names text[] := '{}'::text[];
begin
  -- Names that #> would take for an index are no plain names, like everything that may branch. The text of the path is
  -- searched, since that is fast: what follows a quote, a bracket or a blank there tells enough, and a name more than
  -- need be called not plain costs only time.
  if pg_catalog.jsonb_typeof(path) = 'array' and path::text ~ '^\[("(?![\\\s+*0-9-])([^"\\]|\\.)*"(, )?)*\]$' then
    for place in 0 .. pg_catalog.jsonb_array_length(path) - 1 loop
      names := names || (path ->> place);
    end loop;
    return names;
  end if;
  return case pg_catalog.jsonb_typeof(utils.path_steps(path))  -- which refuses what is no path
    when pg_catalog.jsonb_typeof(path) then null
    else utils.path_names(pg_catalog.jsonb_build_array(path))
  end;
end
$$;

comment on function utils.path_names(jsonb) is
  'The names of a path for the operator #>, which takes them all at once; null when the path may branch or has an index.';

revoke execute on function utils.path_names(jsonb) from public;
grant execute on function utils.path_names(jsonb) to authenticated, service_role;
