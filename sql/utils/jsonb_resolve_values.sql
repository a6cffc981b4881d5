create or replace function utils.jsonb_resolve_values(data jsonb, path jsonb) returns setof jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  exact constant jsonpath := utils.path_exact(path);
  matches constant jsonb := pg_catalog.jsonb_path_query_array(data, exact);
begin
  if exact is null then
    return query
    select n.value
    from utils.jsonb_nodes(data, path, false) as n;
  elsif matches -> 1 is not null then
    if matches -> 1000 is not null then
      perform utils.check_matches(pg_catalog.jsonb_array_length(matches), path);
    end if;
    return query
    select pg_catalog.jsonb_array_elements(matches);
  -- One value is the common case, and needs no query.
  elsif matches <> '[]' then
    return next matches -> 0;
  end if;
end
$$;

comment on function utils.jsonb_resolve_values(jsonb, jsonb) is
  'As utils.jsonb_resolve, without the locations: for callers that need the values only.';

revoke execute on function utils.jsonb_resolve_values(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_values(jsonb, jsonb) to authenticated, service_role;
