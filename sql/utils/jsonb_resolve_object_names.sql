create or replace function utils.jsonb_resolve_object_names(data jsonb, mapping jsonb)
returns table (object jsonb, path text[], raw jsonb)
language sql immutable parallel safe
set search_path = ''
as $$
  with node as (
    select distinct on (n.place) n.value, n.path
    from utils.jsonb_walk($1, utils.mapping_path($2)) as w
    cross join lateral (
      select w.value, w.path, w.place
      where pg_catalog.jsonb_typeof(w.value) = 'object'
      union all
      select e.value, w.path || (e.n - 1)::text, w.place || pg_catalog.int4send(e.n::int)
      from pg_catalog.jsonb_array_elements(
        case when pg_catalog.jsonb_typeof(w.value) = 'array' then w.value end
      ) with ordinality as e (value, n)
      where pg_catalog.jsonb_typeof(e.value) = 'object'
    ) as n (value, path, place)
    order by n.place
  )
  select
    case
      when pg_catalog.jsonb_typeof($2) = 'object' and $2 ? 'fields' then (
        select coalesce(pg_catalog.jsonb_object_agg(f.key, v.value), '{}')
        from pg_catalog.jsonb_each($2 -> 'fields') as f
        cross join lateral utils.jsonb_resolve_value(node.value, f.value) as v (value)
        where v.value is not null)
      else node.value
    end,
    node.path,
    node.value
  from node
$$;

comment on function utils.jsonb_resolve_object_names(jsonb, jsonb) is
  'The objects at a mapping''s path, an array of them flattened one level: each with its fields resolved (missing ones left out), its location, and as it stood.';

revoke execute on function utils.jsonb_resolve_object_names(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_object_names(jsonb, jsonb) to authenticated, service_role;
