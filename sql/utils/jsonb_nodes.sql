-- How a path is resolved:
-- * Names that lead through objects only are taken at once: there is one such node, or none.
-- * Names that lead nowhere in jsonpath's lax mode either select nothing.
-- * In small data each fan is opened in a loop (utils.jsonb_branch_nodes).
-- * In large data the shapes of the nodes are found first, where that is likely and pays: the nodes of each shape are read
--   by one set-based query (utils.jsonb_plain_shape, and for "**" and a name utils.jsonb_complete_shapes).
-- * All else is walked step by step (utils.jsonb_walk): always right, about two microseconds a node.
create or replace function utils.jsonb_nodes(data jsonb, path jsonb, placed boolean)
returns table (value jsonb, location text[], place bytea)
language plpgsql immutable parallel safe
set search_path = ''
as $$
#variable_conflict use_column
declare
  steps constant jsonb := utils.path_steps(jsonb_nodes.path);
  names constant text[] := utils.path_names(steps);
  shape text[];
  shapes jsonb;
  found_here bigint;
begin
  value := jsonb_nodes.data #> names;
  if jsonb_nodes.data is null then
    return;
  elsif value is not null then
    location := names;
    if placed then
      place := coalesce((
        select pg_catalog.string_agg(utils.jsonb_place(n.name), '' order by n.n)
        from pg_catalog.unnest(names) with ordinality as n (name, n)), '');
    end if;
    return next;
    return;
  elsif names is not null and not pg_catalog.jsonb_path_exists(jsonb_nodes.data, utils.path_exact(steps)) then
    return;
  elsif not placed and not steps @> '["**"]' and steps -> 32 is null and pg_catalog.pg_column_size(jsonb_nodes.data) <= 16000 then
    return query
    select n.value, n.location, null::bytea
    from utils.jsonb_branch_nodes(jsonb_nodes.data, steps) as n;
    get diagnostics found_here = row_count;
    if found_here > 1000 then
      perform utils.check_matches(found_here, steps);
    end if;
    return;
  elsif pg_catalog.pg_column_size(jsonb_nodes.data) > 16000 then
    shape := utils.jsonb_plain_shape(jsonb_nodes.data, steps);
    if shape is null and steps @> '["**"]' and steps -> -1 <> '"**"' then
      shapes := utils.jsonb_complete_shapes(jsonb_nodes.data, steps);
      shape := case when pg_catalog.jsonb_array_length(shapes) = 1 then
        array(select pg_catalog.jsonb_array_elements_text(shapes -> 0)) end;
    end if;
  end if;
  if shape is not null then
    return query
    select n.value, n.path, n.place
    from utils.jsonb_shape_nodes(jsonb_nodes.data, shape, jsonb_nodes.placed) as n;
  elsif shapes is null then
    return query
    select w.value, w.path, w.place
    from utils.jsonb_walk(jsonb_nodes.data, steps) as w;
  else
    return query
    select distinct on (n.place) n.value, n.path, n.place
    from pg_catalog.jsonb_array_elements(shapes) as s (shape)
    cross join lateral utils.jsonb_shape_nodes(
      jsonb_nodes.data, array(select pg_catalog.jsonb_array_elements_text(s.shape)), true) as n
    order by n.place;
  end if;
  get diagnostics found_here = row_count;
  if found_here > 1000 then
    perform utils.check_matches(found_here, steps);
  end if;
end
$$;

comment on function utils.jsonb_nodes(jsonb, jsonb, boolean) is
  'The nodes that a path selects, in document order, with location and, when asked for, a sort key of the location. ETL09: there are more than utils.max_matches.';

revoke execute on function utils.jsonb_nodes(jsonb, jsonb, boolean) from public;
grant execute on function utils.jsonb_nodes(jsonb, jsonb, boolean) to authenticated, service_role;
