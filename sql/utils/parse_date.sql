-- A text keeps the calendar day it names, whatever its zone: moving it to UTC would change a founding date.
-- A number is seconds since 1970, from 1e11 on milliseconds. No cast is used that can fail or depends on DateStyle.
create or replace function utils.parse_date(input jsonb) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  content constant text := input #>> '{}';
  number numeric;
  day text;
  year int;
begin
  if pg_catalog.jsonb_typeof(input) = 'string' and content ~ (
    '^\s*[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
    '([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?\s*(Z|z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)?)?\s*$')
  then
    day := pg_catalog."substring"(content, '[0-9]{4}-[0-9]{2}-[0-9]{2}');
    year := pg_catalog."left"(day, 4)::int;
    return case
      when year > 0 and pg_catalog."right"(day, 2)::int <= case
        when pg_catalog.substr(day, 6, 2) in ('04', '06', '09', '11') then 30
        when pg_catalog.substr(day, 6, 2) <> '02' then 31
        when year % 4 = 0 and (year % 100 <> 0 or year % 400 = 0) then 29
        else 28
      end then day
    end;
  elsif pg_catalog.jsonb_typeof(input) = 'number' then
    number := content::numeric;
    if number between -62135596800000 and 253402300799999 then
      number := pg_catalog.floor(number / case when pg_catalog.abs(number) < 100000000000 then 86400 else 86400000 end);
      -- The days of the years 1 to 9999.
      return case when number between -719162 and 2932896
        then pg_catalog.to_char((date '1970-01-01' + number::int)::timestamp, 'YYYY-MM-DD') end;
    end if;
  end if;
  return null;
end
$$;

comment on function utils.parse_date(jsonb) is
  'The day, as YYYY-MM-DD, of an ISO date or timestamp or of a number of (milli)seconds since 1970; null when it is none.';

revoke execute on function utils.parse_date(jsonb) from public;
grant execute on function utils.parse_date(jsonb) to authenticated, service_role;
