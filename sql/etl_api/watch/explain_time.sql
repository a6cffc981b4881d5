create or replace function etl_api.explain_time(at timestamptz) returns text
language sql stable
set search_path = ''
as $$
  select pg_catalog.to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
$$;

comment on function etl_api.explain_time(timestamptz) is 'A moment as people read it: 2026-05-01 10:00:00 UTC.';

revoke execute on function etl_api.explain_time(timestamptz) from public;
grant execute on function etl_api.explain_time(timestamptz) to service_role;
