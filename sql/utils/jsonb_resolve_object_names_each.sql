-- A loop, since its expressions need no executor: a query for each document would cost several times all of this.
create or replace function utils.jsonb_resolve_object_names_each(documents jsonb[], mapping jsonb)
returns table (document int, object jsonb, path text[], raw jsonb)
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
#variable_conflict use_column
declare
  steps constant jsonb := utils.path_steps(utils.mapping_path(mapping));
  -- A "*" at the end opens a list, which is opened anyway.
  opened constant boolean := coalesce(steps -> -1 = '"*"', false);
  names constant text[] := utils.path_names(case when opened then steps - -1 else steps end);
  fields constant jsonb := mapping -> 'fields';
  node jsonb;
begin
  if fields <> '{}' then
    return query
    select o.document, f.object, o.path, o.raw
    from utils.jsonb_resolve_object_names_each(documents, steps) with ordinality as o (document, object, path, raw, n)
    join pg_catalog.unnest(utils.mapping_fields(
        array(select s.raw from utils.jsonb_resolve_object_names_each(documents, steps) as s), fields))
      with ordinality as f (object, n)
      on f.n = o.n
    order by o.n;
    return;
  end if;
  for i in 1 .. coalesce(pg_catalog.cardinality(documents), 0) loop
    document := i;
    node := documents[i] #> names;
    if pg_catalog.jsonb_typeof(node) = 'object' and not opened then
      raw := node;
      object := case when fields is null then raw else fields end;
      path := names;
      return next;
    elsif pg_catalog.jsonb_typeof(node) = 'array'
      and (not opened or not pg_catalog.jsonb_path_exists(node, 'strict $[*] ? (@.type() == "array")'))
    then
      for k in 0 .. pg_catalog.jsonb_array_length(node) - 1 loop
        raw := node -> k;
        if pg_catalog.jsonb_typeof(raw) = 'object' then
          object := case when fields is null then raw else fields end;
          path := names || k::text;
          return next;
        end if;
      end loop;
    -- Names that lead nowhere may lead through a list.
    elsif (opened or node is null) and coalesce(pg_catalog.jsonb_path_exists(documents[i], utils.path_exact(steps)), true) then
      return query
      select i, case when fields is null then n.value else fields end, n.path, n.value
      from utils.jsonb_object_nodes(documents[i], steps) as n;
    end if;
  end loop;
end
$$;

comment on function utils.jsonb_resolve_object_names_each(jsonb[], jsonb) is
  'As utils.jsonb_resolve_object_names for each of many documents: document is its place among them, from 1; in that order.';

revoke execute on function utils.jsonb_resolve_object_names_each(jsonb[], jsonb) from public;
grant execute on function utils.jsonb_resolve_object_names_each(jsonb[], jsonb) to authenticated, service_role;
