create or replace function utils.read_time(input text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  part constant text[] := pg_catalog.regexp_match(pg_catalog.lower(input),
    '^([0-9]{1,2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?|時(?:([0-9]{1,2})分(?:([0-9]{1,2})秒)?)?)'
    ' ?(am|pm|a\.m\.|p\.m\.)? ?(z|jst|(?:utc|gmt)?(?:[+-][0-9]{2}(?::?[0-9]{2})?)?)$');
  hour int := part[1]::int;
  minute constant int := coalesce(part[2], part[5], '0')::int;
  second constant int := coalesce(part[3], part[6], '0')::int;
  zone text := part[8];
  shift text;
begin
  if part is null
    or hour > 23 or minute > 59 or second > 59
    or part[7] is not null and hour not between 1 and 12
  then
    return null;
  end if;
  hour := case when part[7] is null then hour else hour % 12 + case when part[7] like 'p%' then 12 else 0 end end;
  shift := pg_catalog.regexp_replace(zone, '[^0-9+-]', '', 'g');
  zone := case
    when zone = '' then ''
    when zone = 'jst' then '+09:00'
    when shift = '' or shift ~ '^[+-]00(00)?$' then 'Z'
    when pg_catalog.substr(shift, 2, 2)::int <= 15 and pg_catalog.substr(shift || '00', 4, 2)::int < 60
      then pg_catalog."left"(shift, 3) || ':' || pg_catalog.substr(shift || '00', 4, 2)
  end;
  return 'T' || pg_catalog.lpad(hour::text, 2, '0') || ':' || pg_catalog.lpad(minute::text, 2, '0')
    || ':' || pg_catalog.lpad(second::text, 2, '0') || coalesce('.' || part[4], '') || zone;
end
$$;

comment on function utils.read_time(text) is
  'A time of day as ISO writes it after a date, THH:MM:SS with fraction and zone when they are given; reads 24 hours, am and pm, 10時30分; null when it is none.';

revoke execute on function utils.read_time(text) from public;
grant execute on function utils.read_time(text) to authenticated, service_role;
