create or replace function utils.factor_time_span(input text, whole_day boolean) returns numeric[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  -- Most times are plain days, and matching the whole expression costs twenty times as much as this.
  p constant text[] := case pg_catalog.translate(input, '123456789', '000000000')
    when '0000-00-00' then pg_catalog.string_to_array(input, '-')
    else pg_catalog.regexp_match(input,
      '^\s*([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,12}))?)?'
      '\s*(?:Z|z|UTC|GMT|([+-])([0-9]{2}):?([0-9]{2})?)?)?)?)?\s*$')
  end;
  month constant int := coalesce(p[2]::int, 1);
  day constant int := coalesce(p[3]::int, 1);
  first_day date;
  next_day date;
  instant numeric;
begin
  if p is null or p[1] = '0000' or month not between 1 and 12
    or p[4]::int > 23 or p[5]::int > 59 or p[6]::int > 60 or p[9]::int > 15 or p[10]::int > 59
  then
    return null;
  end if;
  first_day := pg_catalog.make_date(p[1]::int, month, 1);
  next_day := first_day + case when p[2] is null then interval '1 year' else interval '1 month' end;
  if day not between 1 and next_day - first_day then
    return null;
  elsif p[3] is not null then
    first_day := first_day + (day - 1);
    next_day := first_day + 1;
  end if;
  if p[4] is null or whole_day then
    return array[(first_day - date '1970-01-01') * 86400000000::numeric, (next_day - date '1970-01-01') * 86400000000::numeric - 1];
  end if;
  instant := (first_day - date '1970-01-01') * 86400000000::numeric
    + (p[4]::int * 3600 + p[5]::int * 60 + coalesce(p[6]::int, 0)) * 1000000::numeric
    + coalesce(pg_catalog.rpad(p[7], 6, '0')::int, 0)
    - case p[8] when '-' then -1 else 1 end * (coalesce(p[9]::int, 0) * 60 + coalesce(p[10]::int, 0)) * 60000000::numeric;
  return array[instant, instant];
end
$$;

comment on function utils.factor_time_span(text, boolean) is
  'First and last microsecond since 1970 of a year, month, day or moment in ISO form; without a zone it is UTC. whole_day: a moment stands for the calendar day it names. Null when it is none of these.';

revoke execute on function utils.factor_time_span(text, boolean) from public;
grant execute on function utils.factor_time_span(text, boolean) to authenticated, service_role;
