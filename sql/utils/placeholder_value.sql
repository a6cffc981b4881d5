create or replace function utils.placeholder_value(name text, vars jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  -- A secret is never looked up among the variables, whatever they hold.
  select case
    when p.path[1] <> 'secret' then placeholder_value.vars #> p.path
  end
  from (
    select pg_catalog.string_to_array(
      case
        when pg_catalog.strpos(placeholder_value.name, '\') = 0 then placeholder_value.name
        else ('"' || placeholder_value.name || '"')::jsonb #>> '{}'
      end, '.')
  ) as p (path)
$$;

comment on function utils.placeholder_value(text, jsonb) is
  'The value of the placeholder <<$name.path>> (name and path as in JSON text); SQL null when a step of it is missing.';

revoke execute on function utils.placeholder_value(text, jsonb) from public;
grant execute on function utils.placeholder_value(text, jsonb) to authenticated, service_role;
