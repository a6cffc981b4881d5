-- Most values need no function at all: what is of its type already is told by its looks and stays, a plain number in a
-- text is cast at once, and a row without a change is handed back as it came. Only the rest goes value by value. A blank
-- and a text with the very characters of its number have no entry in originals: nothing of them is lost.
create or replace function utils.coerce_rows(rows jsonb[], columns jsonb)
returns table (n bigint, data jsonb, originals jsonb, warnings jsonb)
language plpgsql immutable parallel unsafe
set search_path = ''
set jit = off
set work_mem = '64MB'
-- How long an array is, the planner does not know: it takes it for short.
set enable_nestloop = off
as $$
#variable_conflict use_column
begin
  -- Bad columns are an error even where there is no row.
  perform utils.coerce_columns(columns);
  return query
  with source as materialized (
    select r.n, r.value
    from pg_catalog.unnest(rows) with ordinality as r (value, n)
  ), odd as materialized (
    select s.n, c.name, c.type, c.format, c.options, f.value,
      case when c.type = 'number' and c.format ->> 'decimal' is null and pg_catalog.jsonb_typeof(f.value) = 'string' then case
        when pg_catalog.length(f.value #>> '{}') > 30 then null
        when f.value #>> '{}' ~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?$' then (f.value #>> '{}')::numeric
        when f.value #>> '{}' ~ '^-?[1-9][0-9]?[0-9]?(,[0-9][0-9][0-9])+(\.[0-9]+)?$'
          then pg_catalog.replace(f.value #>> '{}', ',', '')::numeric
      end end as number
    from source as s
    cross join lateral pg_catalog.jsonb_each(case pg_catalog.jsonb_typeof(s.value) when 'object' then s.value end) as f
    join utils.coerce_columns(columns) as c on c.name = f.key
    where case pg_catalog.jsonb_typeof(f.value)
      when 'null' then false
      when c.kind then c.kind = 'string' and not (
        case when c.pattern = '' then true else coalesce(pg_catalog.length(f.value #>> '{}') <= 60 and f.value #>> '{}' ~ c.pattern, false) end
        and (c.options is null or c.type <> 'select' or c.options ? (f.value #>> '{}')))
      else true
    end
  ), judged as (
    -- Each value once, whoever has it.
    select j.name, j.type, j.value, j.places, v.*
    from (
      select o.name, o.type, o.format, o.options, o.value, pg_catalog.array_agg(o.n) as places
      from odd as o
      where o.number is null
      group by o.name, o.type, o.format, o.options, o.value
    ) as j
    cross join lateral utils.coerce_value(j.value, j.type, j.format, j.options) as v
  ), changed as (
    select o.n, o.name, o.type, pg_catalog.to_jsonb(o.number) as coerced, true as fits, null as warning, o.value as original
    from odd as o
    where o.number is not null
    union all
    select p.n, j.name, j.type, j.coerced, j.fits, j.warning, j.original
    from judged as j
    cross join lateral pg_catalog.unnest(j.places) as p (n)
  ), change as (
    select c.n, pg_catalog.jsonb_object_agg(c.name, c.coerced) as data,
      pg_catalog.jsonb_object_agg(c.name, c.original)
        filter (where coalesce(c.coerced #>> '{}', '') <> c.original #>> '{}') as originals,
      pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object('field', c.name, 'type', c.type, 'fits', c.fits, 'warning', c.warning)
        order by c.name collate "C") filter (where c.warning is not null) as warnings
    from changed as c
    group by c.n
  )
  select s.n, case when c.n is null then s.value else s.value || c.data end, c.originals, c.warnings
  from source as s
  left join change as c on c.n = s.n
  order by s.n;
end
$$;

comment on function utils.coerce_rows(jsonb[], jsonb) is
  'As utils.coerce_values, of rows that are apart already.';

revoke execute on function utils.coerce_rows(jsonb[], jsonb) from public;
grant execute on function utils.coerce_rows(jsonb[], jsonb) to authenticated, service_role;
