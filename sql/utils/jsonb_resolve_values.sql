-- Steps that cannot branch are taken by operators; a rest of names and "*" is exactly a lax jsonpath. "**" and an index
-- behind a branch mean something else there, so these go the way of utils.jsonb_resolve; so does large data, since
-- jsonb_path_query takes time by the square of what it finds.
create or replace function utils.jsonb_resolve_values(data jsonb, path jsonb) returns setof jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  steps constant jsonb := utils.path_steps(path);
  node jsonb := data;
  done int := 0;
  step jsonb;
begin
  loop
    step := steps -> done;
    exit when step is null or node is null;
    case pg_catalog.jsonb_typeof(node)
      when 'object' then
        exit when step in ('"*"', '"**"');
        node := case when pg_catalog.jsonb_typeof(step) = 'string' then node -> (step #>> '{}') end;
      when 'array' then
        exit when pg_catalog.jsonb_typeof(step) = 'string';
        node := node -> step::int;
      else
        exit when step = '"**"';
        node := null;
    end case;
    done := done + 1;
  end loop;
  if node is null then
    return;
  elsif step is null then
    return next node;
  elsif pg_catalog.pg_column_size(node) > 16000 or pg_catalog.jsonb_path_exists(
    steps, '$[$done to last] ? (@ == "**" || @.type() == "number")', pg_catalog.jsonb_build_object('done', done))
  then
    return query
    select n.value
    from utils.jsonb_nodes(
      node, pg_catalog.jsonb_path_query_array(steps, '$[$done to last]', pg_catalog.jsonb_build_object('done', done)),
      false) as n;
  else
    return query
    select pg_catalog.jsonb_path_query(
      node, ('$' || utils.path_jsonpath(steps, done + 1, pg_catalog.jsonb_array_length(steps)))::jsonpath);
  end if;
end
$$;

comment on function utils.jsonb_resolve_values(jsonb, jsonb) is
  'As utils.jsonb_resolve, without the locations: for callers that need the values only.';

revoke execute on function utils.jsonb_resolve_values(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_values(jsonb, jsonb) to authenticated, service_role;
