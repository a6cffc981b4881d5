create or replace function utils.jsonb_resolve_values(data jsonb, path jsonb) returns setof jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  found constant jsonb := utils.jsonb_resolve_array(data, path);
begin
  -- One value is the common case, and needs no query.
  if found -> 1 is not null then
    return query
    select pg_catalog.jsonb_array_elements(found);
  elsif found <> '[]' then
    return next found -> 0;
  end if;
end
$$;

comment on function utils.jsonb_resolve_values(jsonb, jsonb) is
  'As utils.jsonb_resolve, without the locations: for callers that need the values only.';

revoke execute on function utils.jsonb_resolve_values(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_values(jsonb, jsonb) to authenticated, service_role;
