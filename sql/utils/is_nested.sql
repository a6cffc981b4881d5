create or replace function utils.is_nested(value jsonb) returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return coalesce(pg_catalog.jsonb_typeof(value) = 'object'
    or value @? 'strict $[*] ? (@.type() == "object" || @.type() == "array")', false);
end
$$;

comment on function utils.is_nested(jsonb) is
  'Whether a value is an object, or a list that holds one or another list.';

revoke execute on function utils.is_nested(jsonb) from public;
grant execute on function utils.is_nested(jsonb) to authenticated, service_role;
