create or replace function utils.now() returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  return coalesce(
    nullif(pg_catalog.current_setting('etl.fake_now', true), '')::timestamptz,
    pg_catalog.now());
end
$$;

comment on function utils.now() is
  'The time of the transaction, or the time a test set by: set etl.fake_now = ''2030-01-01 00:00Z''.';

revoke execute on function utils.now() from public;
grant execute on function utils.now() to authenticated, service_role;
