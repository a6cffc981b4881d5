create or replace function utils.parse_date(input jsonb) returns text
language sql immutable strict parallel safe
set search_path = ''
as $$
  -- A text keeps the calendar day it names, whatever its zone: moving it to UTC would change a founding date.
  -- A number is seconds since 1970, from 1e11 on milliseconds. No cast is used that can fail or depends on DateStyle.
  select pg_catalog.format('%s-%s-%s',
    pg_catalog.lpad(d.y::text, 4, '0'), pg_catalog.lpad(d.m::text, 2, '0'), pg_catalog.lpad(d.d::text, 2, '0'))
  from (
    select m.p[1]::int, m.p[2]::int, m.p[3]::int
    from pg_catalog.regexp_matches(
      case pg_catalog.jsonb_typeof(parse_date.input) when 'string' then parse_date.input #>> '{}' end,
      '^\s*([0-9]{4})-([0-9]{2})-([0-9]{2})'
      '([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?\s*(Z|z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)?)?\s*$'
    ) as m (p)
    union all
    select
      extract(year from e.day)::int, extract(month from e.day)::int, extract(day from e.day)::int
    from (
      select date '1970-01-01' + pg_catalog.floor(
        n.number / case when pg_catalog.abs(n.number) < 100000000000 then 86400 else 86400000 end)::int
      from (
        select case pg_catalog.jsonb_typeof(parse_date.input)
          when 'number' then (parse_date.input #>> '{}')::numeric end
      ) as n (number)
      where n.number between -62135596800000 and 253402300799999
    ) as e (day)
  ) as d (y, m, d)
  where d.y between 1 and 9999
    and d.m between 1 and 12
    and d.d between 1 and case
      when d.m in (4, 6, 9, 11) then 30
      when d.m <> 2 then 31
      when d.y % 4 = 0 and (d.y % 100 <> 0 or d.y % 400 = 0) then 29
      else 28
    end
$$;

comment on function utils.parse_date(jsonb) is
  'The day, as YYYY-MM-DD, of an ISO date or timestamp or of a number of (milli)seconds since 1970; null when it is none.';

revoke execute on function utils.parse_date(jsonb) from public;
grant execute on function utils.parse_date(jsonb) to authenticated, service_role;
