create or replace function utils.jsonb_resolve_object_names(data jsonb, mapping jsonb)
returns table (object jsonb, path text[], raw jsonb)
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
#variable_conflict use_column
declare
  steps constant jsonb := utils.mapping_path(mapping);
  -- A "*" at the end opens a list, which is opened anyway.
  opened constant boolean := coalesce(pg_catalog.jsonb_typeof(steps) = 'array' and steps -> -1 = '"*"', false);
  names constant text[] := case when mapping -> 'fields' is null
    then utils.path_names(case when opened then steps - -1 else steps end) end;
  node constant jsonb := data #> names;
begin
  -- The common cases, one object or a list of them where names lead to, need no query.
  if pg_catalog.jsonb_typeof(node) = 'object' and not opened then
    object := node;
    path := names;
    raw := node;
    return next;
    return;
  elsif pg_catalog.jsonb_typeof(node) = 'array'
    and (not opened or not pg_catalog.jsonb_path_exists(node, 'strict $[*] ? (@.type() == "array")'))
  then
    for k in 0 .. pg_catalog.jsonb_array_length(node) - 1 loop
      object := node -> k;
      path := names || k::text;
      raw := object;
      if pg_catalog.jsonb_typeof(object) = 'object' then
        return next;
      end if;
    end loop;
    return;
  end if;
  return query
  select o.object, o.path, o.raw
  from utils.jsonb_resolve_object_names_each(array[data], mapping) as o;
end
$$;

comment on function utils.jsonb_resolve_object_names(jsonb, jsonb) is
  'The objects at a mapping''s path, an array of them flattened one level: each with its fields resolved (missing ones left out), its location, and as it stood.';

revoke execute on function utils.jsonb_resolve_object_names(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_object_names(jsonb, jsonb) to authenticated, service_role;
