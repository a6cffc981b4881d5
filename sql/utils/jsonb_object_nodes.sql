-- Only "**" can select both an array and an object in it, so only then are nodes told apart and sorted by place. A plan
-- made anew for each call would cost more than the query.
create or replace function utils.jsonb_object_nodes(data jsonb, steps jsonb)
returns table (value jsonb, path text[])
language plpgsql immutable parallel safe
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  deep constant boolean := steps @> '["**"]';
begin
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
  )
  select n.value, n.path
  from node as n
  where not deep
  union all
  (
    select distinct on (n.place) n.value, n.path
    from node as n
    where deep
    order by n.place
  );
end
$$;

comment on function utils.jsonb_object_nodes(jsonb, jsonb) is
  'The objects that a path selects, and those in an array that it selects, each once, with their locations, in document order: whatever the path.';

revoke execute on function utils.jsonb_object_nodes(jsonb, jsonb) from public;
grant execute on function utils.jsonb_object_nodes(jsonb, jsonb) to authenticated, service_role;
