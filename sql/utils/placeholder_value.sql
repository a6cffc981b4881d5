create or replace function utils.placeholder_value(name text, vars jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  path constant text[] := pg_catalog.string_to_array(
    case when pg_catalog.strpos(name, '\') = 0 then name else ('"' || name || '"')::jsonb #>> '{}' end, '.');
begin
  -- A secret is never looked up among the variables, whatever they hold.
  return case when path[1] <> 'secret' then vars #> path end;
end
$$;

comment on function utils.placeholder_value(text, jsonb) is
  'The value of the placeholder <<$name.path>> (name and path as in JSON text); SQL null when a step of it is missing.';

revoke execute on function utils.placeholder_value(text, jsonb) from public;
grant execute on function utils.placeholder_value(text, jsonb) to authenticated, service_role;
