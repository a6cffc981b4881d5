-- As one array: jsonb_path_query takes time by the square of what it finds, jsonb_path_query_array does not.
create or replace function utils.jsonb_resolve_array(data jsonb, path jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  exact constant jsonpath := utils.path_exact(path);
  steps jsonb;
  straight jsonb;
  matches jsonb;
begin
  if data is null then
    return '[]'::jsonb;
  elsif exact is not null then
    matches := pg_catalog.jsonb_path_query_array(data, exact);
    if matches -> 1000 is not null then
      perform utils.check_matches(pg_catalog.jsonb_array_length(matches), path);
    end if;
    return matches;
  end if;
  steps := utils.path_steps(path);
  if not steps @> '["**"]' and not steps @> '["*"]' and steps -> 100 is null then
    -- A way that strict mode finds does not branch, so it is the only one.
    straight := pg_catalog.jsonb_path_query_first(
      data, ('strict $' || utils.path_jsonpath(steps, 1, pg_catalog.jsonb_array_length(steps)))::jsonpath, '{}', true);
    if straight is not null then
      return pg_catalog.jsonb_build_array(straight);
    end if;
  end if;
  return coalesce((select pg_catalog.jsonb_agg(n.value) from utils.jsonb_nodes(data, steps, false) as n), '[]');
end
$$;

comment on function utils.jsonb_resolve_array(jsonb, jsonb) is
  'The values of utils.jsonb_resolve as one array, without the locations.';

revoke execute on function utils.jsonb_resolve_array(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_array(jsonb, jsonb) to authenticated, service_role;
