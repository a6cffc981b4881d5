create or replace function utils.field_contents(rows jsonb)
returns table (name text, content text, class text, uses bigint, low numeric, high numeric)
language sql immutable parallel safe
set search_path = ''
set jit = off
set work_mem = '64MB'
as $$
  select f.key, k.content, k.class, pg_catalog.count(*), pg_catalog.min(k.number), pg_catalog.max(k.number)
  from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) as r (value)
  cross join lateral pg_catalog.jsonb_each(case pg_catalog.jsonb_typeof(r.value) when 'object' then r.value end) as f
  cross join lateral (
    select t.number,
      case t.kind when 'string' then f.value #>> '{}' end,
      case t.kind
        when 'number' then case
          when t.number < 0 or t.number >= 1000000000000000 then 'number'
          when t.number in (0, 1) then 'number bit'
          when t.number < 1000 or t.number <> pg_catalog.trunc(t.number) then 'number'
          when t.number <= 2999 then 'number year'
          when t.number < 1000000 then 'number'
          else pg_catalog.concat_ws(' ', 'number digits', utils.number_class(t.number))
        end
        when 'array' then case when f.value @? 'strict $[*] ? (@.type() == "object" || @.type() == "array")'
          then 'nested' else 'list' end
        when 'object' then 'nested'
        when 'string' then null
        else t.kind
      end
    from (
      select pg_catalog.jsonb_typeof(f.value),
        case pg_catalog.jsonb_typeof(f.value) when 'number' then f.value::numeric end
    ) as t (kind, number)
  ) as k (number, content, class)
  group by f.key, k.content, k.class
$$;

comment on function utils.field_contents(jsonb) is
  'The distinct texts of every field of an array of objects, and its numbers, booleans, nulls, lists and nested values counted by class, each with its number of rows.';

revoke execute on function utils.field_contents(jsonb) from public;
grant execute on function utils.field_contents(jsonb) to authenticated, service_role;
