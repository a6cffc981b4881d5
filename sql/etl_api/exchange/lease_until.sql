create or replace function etl_api.lease_until(timeout_seconds int) returns timestamptz
language sql stable
set search_path = ''
as $$
  select utils.now() + etl_api.time_limit(null, 'lease_seconds') + pg_catalog.make_interval(secs => timeout_seconds)
$$;

comment on function etl_api.lease_until(int) is
  'Until when a worker that claims now may complete: the time limit of the HTTP request and the setting lease_seconds.';

revoke execute on function etl_api.lease_until(int) from public;
grant execute on function etl_api.lease_until(int) to service_role;
