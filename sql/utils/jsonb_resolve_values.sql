create or replace function utils.jsonb_resolve_values(data jsonb, path jsonb) returns setof jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select r.value from utils.jsonb_resolve(data, path) as r
$$;

comment on function utils.jsonb_resolve_values(jsonb, jsonb) is
  'As utils.jsonb_resolve, without the locations: for callers that need the values only.';

revoke execute on function utils.jsonb_resolve_values(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_values(jsonb, jsonb) to authenticated, service_role;
