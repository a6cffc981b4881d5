-- Only "**" can select both an array and an object in it, so only then are nodes told apart and sorted by place.
create or replace function utils.jsonb_resolve_object_names(data jsonb, mapping jsonb)
returns table (object jsonb, path text[], raw jsonb)
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
#variable_conflict use_column
declare
  steps constant jsonb := utils.mapping_path(mapping);
  deep constant boolean := steps = '"**"' or steps @> '["**"]';
  fields constant jsonb := case when pg_catalog.jsonb_typeof(mapping) = 'object' then mapping -> 'fields' end;
  names constant text[] := case when fields is null then utils.path_names(steps) end;
  node constant jsonb := data #> names;
begin
  -- Most mappings are names that lead to one object or a list of them.
  if pg_catalog.jsonb_typeof(node) = 'object' then
    return query values (node, names, node);
    return;
  elsif pg_catalog.jsonb_typeof(node) = 'array' then
    return query
    select e.value, names || (e.n - 1)::text, e.value
    from pg_catalog.jsonb_array_elements(node) with ordinality as e (value, n)
    where pg_catalog.jsonb_typeof(e.value) = 'object';
    return;
  end if;

  return query
  with node as (
    select n.value, n.path, n.place
    from utils.jsonb_nodes(data, steps, deep) as w
    cross join lateral (
      select w.value, w.location, w.place
      where pg_catalog.jsonb_typeof(w.value) = 'object'
      union all
      select e.value, w.location || (e.n - 1)::text, w.place || pg_catalog.int4send(e.n::int)
      from pg_catalog.jsonb_array_elements(
        case when pg_catalog.jsonb_typeof(w.value) = 'array' then w.value end
      ) with ordinality as e (value, n)
      where pg_catalog.jsonb_typeof(e.value) = 'object'
    ) as n (value, path, place)
  ),
  distinct_node as (
    select n.value, n.path
    from node as n
    where not deep
    union all
    (
      select distinct on (n.place) n.value, n.path
      from node as n
      where deep
      order by n.place
    )
  ),
  field as (
    select f.key as name, f.value as mapping, utils.mapping_member(f.value) as member
    from pg_catalog.jsonb_each(fields) as f
  )
  select
    case
      when fields is null then n.value
      else (
        select coalesce(pg_catalog.jsonb_object_agg(f.name, v.value), '{}')
        from field as f
        cross join lateral (
          select case
            when f.member is not null then nullif(n.value -> f.member, 'null')
            else utils.jsonb_resolve_value(n.value, f.mapping)
          end
        ) as v (value)
        where v.value is not null)
    end,
    n.path,
    n.value
  from distinct_node as n;
end
$$;

comment on function utils.jsonb_resolve_object_names(jsonb, jsonb) is
  'The objects at a mapping''s path, an array of them flattened one level: each with its fields resolved (missing ones left out), its location, and as it stood.';

revoke execute on function utils.jsonb_resolve_object_names(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_object_names(jsonb, jsonb) to authenticated, service_role;
