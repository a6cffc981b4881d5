create or replace function etl_api.window_start(period text) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return pg_catalog.date_trunc(period, utils.now(), 'UTC');
end
$$;

comment on function etl_api.window_start(text) is
  'When the current window of a rate limit began: the second, minute or day (in UTC) that it is now.';

revoke execute on function etl_api.window_start(text) from public;
grant execute on function etl_api.window_start(text) to service_role;
