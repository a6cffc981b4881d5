create or replace function utils.jsonb_walk(data jsonb, steps jsonb)
returns table (value jsonb, path text[], place bytea)
language plpgsql immutable parallel safe
set search_path = ''
set enable_memoize = off
set jit = off
as $$
#variable_conflict use_column
declare
  elements constant jsonb := jsonb_walk.steps;
  step_count constant int := pg_catalog.jsonb_array_length(jsonb_walk.steps);
begin
  return query
  with recursive walk (value, path, place, step) as (
    select jsonb_walk.data, '{}'::text[], ''::bytea, 0
    where jsonb_walk.data is not null
    union all
    select c.value, w.path || c.path, w.place || c.place, c.step
    from walk as w
    cross join lateral (
      select
        elements -> w.step as element,
        elements ->> w.step as name,
        pg_catalog.jsonb_typeof(w.value) as kind
    ) as e
    cross join lateral (
      select w.value, '{}'::text[], ''::bytea, w.step + 1
      where e.element = '"**"'
      union all
      select w.value -> e.name, array[e.name], utils.jsonb_place(e.name), w.step + 1
      where e.kind = 'object'
        and pg_catalog.jsonb_typeof(e.element) = 'string'
        and e.name not in ('*', '**')
        and w.value ? e.name
      union all
      select m.value, array[m.key], utils.jsonb_place(m.key), w.step + (e.name = '*')::int
      from pg_catalog.jsonb_each(case when e.kind = 'object' and e.name in ('*', '**') then w.value end) as m
      where e.name = '*'
        or pg_catalog.jsonb_typeof(m.value) in ('object', 'array')
      union all
      select
        case when k.is_key then a.value -> e.name else a.value end,
        case when k.is_key then array[(a.n - 1)::text, e.name] else array[(a.n - 1)::text] end,
        case when k.is_key then pg_catalog.int4send(a.n::int) || utils.jsonb_place(e.name)
          else pg_catalog.int4send(a.n::int) end,
        w.step + (e.name <> '**')::int
      from pg_catalog.jsonb_array_elements(
        case when e.kind = 'array' and pg_catalog.jsonb_typeof(e.element) = 'string' then w.value end
      ) with ordinality as a (value, n)
      cross join lateral (select e.name not in ('*', '**') as is_key) as k
      where case e.name
        when '*' then true
        when '**' then pg_catalog.jsonb_typeof(a.value) in ('object', 'array')
        else pg_catalog.jsonb_typeof(a.value) = 'object' and a.value ? e.name
      end
      union all
      select w.value -> i.n, array[i.n::text], pg_catalog.int4send(i.n + 1), w.step + 1
      from (
        select case when e.name::int < 0 then pg_catalog.jsonb_array_length(w.value) + e.name::int else e.name::int end
        where e.kind = 'array' and pg_catalog.jsonb_typeof(e.element) = 'number'
      ) as i (n)
      where i.n between 0 and pg_catalog.jsonb_array_length(w.value) - 1
    ) as c (value, path, place, step)
    where w.step < step_count
  )
  select distinct on (w.place) w.value, w.path, w.place
  from walk as w
  where w.step = step_count
  order by w.place;
end
$$;

comment on function utils.jsonb_walk(jsonb, jsonb) is
  'Works for utils.jsonb_resolve: the nodes of data that a path selects, each once, with its location and a sort key of the location, in document order.';

revoke execute on function utils.jsonb_walk(jsonb, jsonb) from public;
grant execute on function utils.jsonb_walk(jsonb, jsonb) to authenticated, service_role;
