-- Every distinct text is looked at once, whatever number of rows holds it; numbers are told apart by class only. Plain
-- numbers and days are told by their looks. Of the rest a field may have as many as it has rows, so of these some 5,000
-- are looked at: each with a chance by its number of rows (all, up to 5,000 distinct ones), drawn by its hash and so the
-- same whatever the order, and speaking for the others by its weight.
create or replace function utils.field_values(rows jsonb)
returns table (name text, content text, marks text, uses bigint, weight double precision, low numeric, high numeric)
language sql immutable parallel safe
set search_path = ''
set jit = off
set work_mem = '64MB'
as $$
  with counted as materialized (
    select c.*, case
      when c.content is null then c.class
      when pg_catalog.length(c.content) > 30 then null
      when c.content ~ '^-?(0|[1-9][0-9]*)$' then case
        when pg_catalog.length(c.content) > 6 then null
        when c.content in ('0', '1') then 'number bit'
        when c.content::int between 1000 and 2999 then 'number year'
        else 'number'
      end
      when c.content ~ '^-?[0-9]*\.[0-9]+$'
        then case when c.content ~ '^-?[1-9][0-9]?[0-9]?\.[0-9][0-9][0-9]$' then 'number' else 'number point' end
      when c.content ~ '^[1-9][0-9][0-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])([T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-](0[0-9]|1[0-5]):[0-5][0-9])?)?$'
        then case when pg_catalog.length(c.content) > 10 then 'date ymd time' else 'date ymd' end
    end as plain
    from utils.field_contents(rows) as c
  ), odd as (
    select c.name, pg_catalog.sum(c.uses)::double precision / 5000 as step
    from counted as c
    where c.plain is null
    group by c.name
  ), drawn as materialized (
    select c.*, o.step > c.uses as many,
      c.plain is not null or (pg_catalog.hashtextextended(c.content, 0) & 1048575) <= 1048576 * c.uses / o.step as here
    from counted as c
    left join odd as o on o.name = c.name
  ), share as (
    select d.name, pg_catalog.sum(d.uses)::double precision / nullif(pg_catalog.count(*) filter (where d.here), 0) as weight
    from drawn as d
    where d.plain is null and d.many
    group by d.name
  )
  select d.name, d.content, case when d.here then coalesce(d.plain, utils.value_marks(d.content)) end, d.uses,
    case when not d.here then 0 when d.plain is null and d.many then s.weight else d.uses end, d.low, d.high
  from drawn as d
  left join share as s on s.name = d.name
$$;

comment on function utils.field_values(jsonb) is
  'The distinct values of every field of an array of objects, each with its marks (utils.value_marks; null, boolean, list, nested), in how many rows it is, and for how many it speaks (0 and no marks when it was not looked at); numbers as one value a class, with the lowest and the highest.';

revoke execute on function utils.field_values(jsonb) from public;
grant execute on function utils.field_values(jsonb) to authenticated, service_role;
