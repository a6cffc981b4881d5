-- A shape is a location with the indexes left out. Its elements: ".name" a member, "#3" that element of an array,
-- "[]" any element of an array, "{}" any member of an object. A payload of thousands of like objects has few shapes,
-- so looking at the first and last elements of each array finds them; utils.path_count tells whether it found all.
-- The walk carries locations, not values: the outer values of a large document are large.
create or replace function utils.jsonb_shapes(data jsonb, steps jsonb) returns setof text[]
language sql immutable strict parallel safe
set search_path = ''
set enable_memoize = off
set jit = off
as $$
  with recursive walk (location, shape, step, fans) as (
    select '{}'::text[], '{}'::text[], 0, 0
    union all
    select w.location || c.location, w.shape || c.shape, c.step, w.fans + c.fan
    from walk as w
    cross join lateral (select $1 #> w.location as value offset 0) as v
    cross join lateral (
      select
        $2 ->> w.step as name,
        case $2 -> w.step when '"*"' then '*' when '"**"' then '**' else pg_catalog.jsonb_typeof($2 -> w.step) end as kind,
        pg_catalog.jsonb_typeof(v.value) as type,
        case w.fans when 0 then 8 when 1 then 4 else 2 end as sample
      offset 0
    ) as e
    cross join lateral (
      select '{}'::text[], '{}'::text[], w.step + 1, 0
      where e.kind = '**'
      union all
      select array[e.name], array['.' || e.name], w.step + 1, 0
      where e.kind = 'string'
        and e.type = 'object'
        and v.value ? e.name
      union all
      select array[e.name], array['#' || e.name], w.step + 1, 0
      where e.kind = 'number'
        and e.type = 'array'
        and v.value #> array[e.name] is not null
      union all
      select array[m.key], array[case when f.any_member then '{}' else '.' || m.key end],
        w.step + (e.kind = '*')::int, f.any_member::int
      from (
        select
          j.key,
          pg_catalog.jsonb_typeof(j.value) in ('object', 'array') as is_container,
          pg_catalog.row_number() over () as n,
          pg_catalog.count(*) over () as members
        from pg_catalog.jsonb_each(case when e.type = 'object' and e.kind in ('*', '**') then v.value end) as j
      ) as m
      cross join lateral (select e.kind = '*' or m.members > 32 as any_member) as f
      where (not f.any_member or m.n <= e.sample or m.n > m.members - e.sample)
        and (e.kind = '*' or m.is_container)
      union all
      select
        array[a.n::text] || case when e.kind = 'string' then array[e.name] else '{}' end,
        array['[]'] || case when e.kind = 'string' then array['.' || e.name] else '{}' end,
        w.step + (e.kind <> '**')::int,
        1
      from (
        select case when g.n < e.sample then g.n else g.length - 2 * e.sample + g.n end
        from (
          select l.length, pg_catalog.generate_series(0, least(l.length, 2 * e.sample) - 1) as n
          from (
            select pg_catalog.jsonb_array_length(case when e.type = 'array' and e.kind <> 'number' then v.value end)
          ) as l (length)
        ) as g
      ) as a (n)
      where case e.kind
        when '*' then true
        when '**' then pg_catalog.jsonb_typeof(v.value -> a.n) in ('object', 'array')
        else pg_catalog.jsonb_typeof(v.value -> a.n) = 'object' and v.value -> a.n ? e.name
      end
    ) as c (location, shape, step, fan)
    where w.step < pg_catalog.jsonb_array_length($2)
      and pg_catalog.cardinality(w.shape) < 16
      and w.fans < 6
  )
  select distinct w.shape
  from walk as w
  where w.step = pg_catalog.jsonb_array_length($2)
  limit 65
$$;

comment on function utils.jsonb_shapes(jsonb, jsonb) is
  'Shapes of locations that a path selects, found by sampling; not always all of them, and at most 65.';

revoke execute on function utils.jsonb_shapes(jsonb, jsonb) from public;
grant execute on function utils.jsonb_shapes(jsonb, jsonb) to authenticated, service_role;
