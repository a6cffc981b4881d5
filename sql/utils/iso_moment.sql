create or replace function utils.iso_moment(seconds numeric) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.to_char(pg_catalog.to_timestamp(pg_catalog.trunc(seconds)::double precision) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
    || case when seconds = pg_catalog.trunc(seconds) then '' else '.' || pg_catalog.to_char((seconds % 1) * 1000, 'FM000') end || 'Z';
end
$$;

comment on function utils.iso_moment(numeric) is
  'Seconds since 1970 as a moment in ISO form, in UTC, with milliseconds when it has any.';

revoke execute on function utils.iso_moment(numeric) from public;
grant execute on function utils.iso_moment(numeric) to authenticated, service_role;
