create or replace function utils.jsonb_resolve_object_names(data jsonb, mapping jsonb)
returns table (object jsonb, path text[], raw jsonb)
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
#variable_conflict use_column
declare
  names constant text[] := case when mapping -> 'fields' is null then utils.path_names(utils.mapping_path(mapping)) end;
  node constant jsonb := data #> names;
begin
  -- The common cases, one object or a list of them where names lead to, need no query.
  if pg_catalog.jsonb_typeof(node) = 'object' then
    object := node;
    path := names;
    raw := node;
    return next;
    return;
  elsif pg_catalog.jsonb_typeof(node) = 'array' then
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
