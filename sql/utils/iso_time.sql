create or replace function utils.iso_time(moment timestamptz) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(
    pg_catalog.to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    (moment at time zone 'UTC')::text)
$$;

comment on function utils.iso_time(timestamptz) is
  'A time as text in UTC, to the second: 2026-05-01T10:00:00Z; whatever the session''s time zone.';

revoke execute on function utils.iso_time(timestamptz) from public;
grant execute on function utils.iso_time(timestamptz) to authenticated, service_role;
