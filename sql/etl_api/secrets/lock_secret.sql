create or replace function etl_api.lock_secret(of_org uuid, of_name text) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(
    pg_catalog.concat_ws(' ', 'etl_api.secret', coalesce(of_org::text, 'shared'), of_name), 0));
end
$$;

comment on function etl_api.lock_secret(uuid, text) is
  'Makes those who write the same secret wait for each other, until the transaction ends: the active version changes from one row to another, so there is no row to lock.';

revoke execute on function etl_api.lock_secret(uuid, text) from public;
