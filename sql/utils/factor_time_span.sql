create or replace function utils.factor_time_span(input text, whole_day boolean) returns numeric[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  p constant text[] := pg_catalog.regexp_match(input,
    '^\s*([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,12}))?)?'
    '\s*(?:Z|z|UTC|GMT|([+-])([0-9]{2}):?([0-9]{2})?)?)?)?)?\s*$');
  start constant text := p[1] || '-' || coalesce(p[2], '01') || '-' || coalesce(p[3], '01');
  first_day date;
  next_day date;
  instant numeric;
begin
  if p is null
    or utils.parse_date(pg_catalog.to_jsonb(start)) is null
    or p[4]::int > 23 or p[5]::int > 59 or p[6]::int > 60 or p[9]::int > 15 or p[10]::int > 59
  then
    return null;
  end if;
  first_day := pg_catalog.make_date(p[1]::int, coalesce(p[2]::int, 1), coalesce(p[3]::int, 1));
  if p[4] is null or whole_day then
    next_day := case when p[2] is null then first_day + interval '1 year' when p[3] is null then first_day + interval '1 month'
      else first_day + interval '1 day' end;
    return array[(first_day - date '1970-01-01') * 86400000000::numeric,
      (next_day - date '1970-01-01') * 86400000000::numeric - 1];
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
