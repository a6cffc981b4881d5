-- The planner takes a function for a thousand rows, so it would remember (memoize) or compile what is done once.
-- The last fan of the shape is opened here, and the one before it too when both are arrays (lists in a list are the
-- common case, and one query is faster than two); what lies before them is this function again.
create or replace function utils.jsonb_shape_nodes(data jsonb, shape text[], placed boolean)
returns table (value jsonb, path text[], place bytea)
language plpgsql immutable strict parallel safe
set search_path = ''
set enable_memoize = off
set jit = off
as $$
#variable_conflict use_column
declare
  fans constant int[] := array(
    select s.n
    from pg_catalog.unnest(shape) with ordinality as s (step, n)
    where s.step in ('[]', '{}')
    order by s.n desc);
  tail constant text[] := shape[coalesce(fans[1], 0) + 1:];
  names constant text[] := utils.shape_names(tail);
  tail_place constant bytea := utils.shape_place(tail);
  tail_way constant text := utils.shape_way(tail);
  tail_jsonpath constant jsonpath := case when tail_way = 'jsonpath' then utils.shape_jsonpath(tail)::jsonpath end;
  two constant boolean := fans[2] is not null and shape[fans[1]] = '[]' and shape[fans[2]] = '[]';
  middle constant text[] := shape[fans[2] + 1:fans[1] - 1];
  middle_names constant text[] := utils.shape_names(middle);
  middle_place constant bytea := utils.shape_place(middle);
  middle_way constant text := utils.shape_way(middle);
  middle_jsonpath constant jsonpath := case when middle_way = 'jsonpath' then utils.shape_jsonpath(middle)::jsonpath end;
begin
  if fans = '{}' then
    return query
    select v.value, names, case when placed then tail_place end
    from (
      select case tail_way
        when 'member' then data -> names[1]
        when 'jsonpath' then pg_catalog.jsonb_path_query_first(data, tail_jsonpath)
        else data #> names
      end
    ) as v (value)
    where v.value is not null;
  elsif two then
    return query
    select
      v.value,
      case
        when pg_catalog.cardinality(middle_names) = 1 and pg_catalog.cardinality(names) = 1 then
          m.path || array[(m.outer_n - 1)::text, middle_names[1], m.n::text, names[1]]
        else m.path || array[(m.outer_n - 1)::text] || middle_names || array[m.n::text] || names
      end,
      case when placed then
        m.place || pg_catalog.int4send(m.outer_n::int) || middle_place || pg_catalog.int4send(m.n + 1) || tail_place end
    from (
      select o.path, o.place, l.n as outer_n, i.value, pg_catalog.generate_series(0, pg_catalog.jsonb_array_length(
        case when pg_catalog.jsonb_typeof(i.value) = 'array' then i.value end) - 1) as n
      from utils.jsonb_shape_nodes(data, shape[:fans[2] - 1], placed) as o
      cross join lateral pg_catalog.jsonb_array_elements(
        case when pg_catalog.jsonb_typeof(o.value) = 'array' then o.value end) with ordinality as l (value, n)
      cross join lateral (
        select case middle_way
          when 'member' then l.value -> middle_names[1]
          when 'members' then l.value #> middle_names
          when 'itself' then l.value
          else pg_catalog.jsonb_path_query_first(l.value, middle_jsonpath)
        end
      ) as i (value)
    ) as m
    cross join lateral (
      select case tail_way
        when 'member' then m.value -> m.n -> names[1]
        when 'members' then m.value -> m.n #> names
        when 'itself' then m.value -> m.n
        else pg_catalog.jsonb_path_query_first(m.value -> m.n, tail_jsonpath)
      end
    ) as v (value)
    where v.value is not null;
  elsif shape[fans[1]] = '[]' then
    return query
    select
      v.value,
      case when pg_catalog.cardinality(names) = 1 then m.path || array[m.n::text, names[1]]
        else m.path || array[m.n::text] || names end,
      case when placed then m.place || pg_catalog.int4send(m.n + 1) || tail_place end
    from (
      select o.path, o.place, o.value, pg_catalog.generate_series(0, pg_catalog.jsonb_array_length(
        case when pg_catalog.jsonb_typeof(o.value) = 'array' then o.value end) - 1) as n
      from utils.jsonb_shape_nodes(data, shape[:fans[1] - 1], placed) as o
    ) as m
    cross join lateral (
      select case tail_way
        when 'member' then m.value -> m.n -> names[1]
        when 'members' then m.value -> m.n #> names
        when 'itself' then m.value -> m.n
        else pg_catalog.jsonb_path_query_first(m.value -> m.n, tail_jsonpath)
      end
      offset 0  -- else it is worked out twice
    ) as v (value)
    where v.value is not null;
  else
    return query
    select
      v.value,
      o.path || array[m.key] || names,
      case when placed then o.place || utils.jsonb_place(m.key) || tail_place end
    from utils.jsonb_shape_nodes(data, shape[:fans[1] - 1], placed) as o
    cross join lateral pg_catalog.jsonb_each(
      case when pg_catalog.jsonb_typeof(o.value) = 'object' then o.value end) as m
    cross join lateral (
      select case tail_way
        when 'member' then m.value -> names[1]
        when 'jsonpath' then pg_catalog.jsonb_path_query_first(m.value, tail_jsonpath)
        else m.value #> names
      end
    ) as v (value)
    where v.value is not null;
  end if;
end
$$;

comment on function utils.jsonb_shape_nodes(jsonb, text[], boolean) is
  'The nodes of one shape with their locations; place, a sort key of the location, only when asked for.';

revoke execute on function utils.jsonb_shape_nodes(jsonb, text[], boolean) from public;
grant execute on function utils.jsonb_shape_nodes(jsonb, text[], boolean) to authenticated, service_role;
