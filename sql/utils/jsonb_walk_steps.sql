-- The last step is one query over what the steps before it found, which is this function again. A node opens into its
-- members and elements in the select list: joining what two functions return would take twice as long. Plans are made
-- once: made anew for each call, as the planner would have it, they cost more than the walk through small data.
create or replace function utils.jsonb_walk_steps(data jsonb, steps jsonb, placed boolean, sought text default null)
returns table (value jsonb, path text[], place bytea)
language plpgsql immutable parallel safe
set search_path = ''
set enable_memoize = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  step constant jsonb := steps -> -1;
  before constant jsonb := steps - -1;
  name constant text := step #>> '{}';
  -- What lies behind "**" is known to be a name: where that is nowhere below, nothing need be opened. jsonpath looks there
  -- by recursion, so it is not asked about very deep data.
  ahead constant jsonpath := case when sought is not null and not pg_catalog.jsonb_path_exists(data, '$.**{200}')
    then ('$.**.' || pg_catalog.to_json(sought)::text)::jsonpath end;
  -- Nodes are visited on the way to what is sought: of these there may be more.
  most constant bigint := utils.max_matches() * case when sought is null then 1 else 10 end;
  visited bigint;
  name_place constant bytea := case when placed and pg_catalog.jsonb_typeof(step) = 'string' then utils.jsonb_place(name) end;
begin
  if step is null then
    return query values (data, '{}'::text[], case when placed then ''::bytea end);
  elsif pg_catalog.jsonb_typeof(step) = 'number' then
    return query
    select o.value -> i.n, o.path || i.n::text, o.place || pg_catalog.int4send(i.n + 1)
    from utils.jsonb_walk_steps(data, before, placed) as o
    cross join lateral (
      select step::int + case when step < '0' then pg_catalog.jsonb_array_length(o.value) else 0 end as n
      where pg_catalog.jsonb_typeof(o.value) = 'array'
      offset 0
    ) as i
    where i.n between 0 and pg_catalog.jsonb_array_length(o.value) - 1;
  elsif step = '"**"' and before @> '["**"]' then
    -- A node that is below several of those found before is found once: else there were more with every "**", by a power.
    return query
    with recursive walk as (
      select o.value, o.path, o.place
      from utils.jsonb_walk_steps(data, before, placed) as o
      union
      select c.value, c.path || coalesce(c.key, c.n::text),
        c.place || coalesce(
          pg_catalog.int4send(c.n + 1),
          pg_catalog.int4send(pg_catalog.octet_length(c.key)) || pg_catalog.convert_to(c.key, 'UTF8'))
      from (
        select coalesce(m.value -> m.key, m.value -> m.n) as value, m.path, m.place, m.key, m.n
        from (
          select w.value, w.path, w.place,
            pg_catalog.jsonb_object_keys(case when pg_catalog.jsonb_typeof(w.value) = 'object' then w.value end) as key,
            pg_catalog.generate_series(0, pg_catalog.jsonb_array_length(
              case when pg_catalog.jsonb_typeof(w.value) = 'array' then w.value end) - 1) as n
          from walk as w
        ) as m
        offset 0  -- else the value is taken out anew for each mention
      ) as c
      where pg_catalog.jsonb_typeof(c.value) in ('object', 'array')
        and (ahead is null or pg_catalog.jsonb_path_exists(c.value, ahead))
    )
    select w.value, w.path, w.place
    from walk as w
    limit most + 1;
    get diagnostics visited = row_count;
    if visited > most then
      perform utils.check_matches(visited, steps);
    end if;
  elsif step = '"**"' then
    return query
    with recursive walk as (
      select o.value, o.path, o.place
      from utils.jsonb_walk_steps(data, before, placed) as o
      union all
      select c.value, c.path || coalesce(c.key, c.n::text),
        c.place || coalesce(
          pg_catalog.int4send(c.n + 1),
          pg_catalog.int4send(pg_catalog.octet_length(c.key)) || pg_catalog.convert_to(c.key, 'UTF8'))
      from (
        select coalesce(m.value -> m.key, m.value -> m.n) as value, m.path, m.place, m.key, m.n
        from (
          select w.value, w.path, w.place,
            pg_catalog.jsonb_object_keys(case when pg_catalog.jsonb_typeof(w.value) = 'object' then w.value end) as key,
            pg_catalog.generate_series(0, pg_catalog.jsonb_array_length(
              case when pg_catalog.jsonb_typeof(w.value) = 'array' then w.value end) - 1) as n
          from walk as w
        ) as m
        offset 0  -- else the value is taken out anew for each mention
      ) as c
      where pg_catalog.jsonb_typeof(c.value) in ('object', 'array')
        and (ahead is null or pg_catalog.jsonb_path_exists(c.value, ahead))
    )
    select w.value, w.path, w.place
    from walk as w
    limit most + 1;
    get diagnostics visited = row_count;
    if visited > most then
      perform utils.check_matches(visited, steps);
    end if;
  elsif step = '"*"' then
    return query
    select coalesce(m.value -> m.key, m.value -> m.n), m.path || coalesce(m.key, m.n::text),
      m.place || coalesce(
        pg_catalog.int4send(m.n + 1),
        pg_catalog.int4send(pg_catalog.octet_length(m.key)) || pg_catalog.convert_to(m.key, 'UTF8'))
    from (
      select o.value, o.path, o.place,
        pg_catalog.jsonb_object_keys(case when pg_catalog.jsonb_typeof(o.value) = 'object' then o.value end) as key,
        pg_catalog.generate_series(0, pg_catalog.jsonb_array_length(
          case when pg_catalog.jsonb_typeof(o.value) = 'array' then o.value end) - 1) as n
      from utils.jsonb_walk_steps(data, before, placed) as o
    ) as m;
  elsif before -> -1 = '"**"' then
    -- The objects in an array have been visited themselves.
    return query
    select o.value -> name, o.path || name, o.place || name_place
    from utils.jsonb_walk_steps(data, before, placed, name) as o
    where pg_catalog.jsonb_typeof(o.value) = 'object'
      and o.value ? name;
  else
    return query
    select v.value, m.path || case when m.is_list then array[m.n::text, name] else array[name] end,
      m.place || case when m.is_list then pg_catalog.int4send(m.n + 1) || name_place else name_place end
    from (
      select o.value, o.path, o.place, pg_catalog.jsonb_typeof(o.value) = 'array' as is_list,
        pg_catalog.generate_series(0, case pg_catalog.jsonb_typeof(o.value)
          when 'array' then pg_catalog.jsonb_array_length(o.value) - 1 when 'object' then 0 end) as n
      from utils.jsonb_walk_steps(data, before, placed) as o
    ) as m
    cross join lateral (
      select case when m.is_list then m.value -> m.n -> name else m.value -> name end
      offset 0
    ) as v (value)
    where v.value is not null;
  end if;
end
$$;

comment on function utils.jsonb_walk_steps(jsonb, jsonb, boolean, text) is
  'Works for utils.jsonb_walk: the nodes that some steps select, with their locations and, when asked for, sort keys of these; behind "**" in no order, and some perhaps more than once. sought: where the last step is "**", what leads to no member of that name may be left out.';

revoke execute on function utils.jsonb_walk_steps(jsonb, jsonb, boolean, text) from public;
grant execute on function utils.jsonb_walk_steps(jsonb, jsonb, boolean, text) to authenticated, service_role;
