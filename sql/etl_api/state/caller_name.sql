create or replace function etl_api.caller_name() returns text
language sql stable
set search_path = ''
as $$
  select coalesce(
    'user ' || auth.uid(),
    nullif(pg_catalog.current_setting('role', true), 'none'),
    session_user::text)
$$;

comment on function etl_api.caller_name() is
  'Who asks, for history: the signed-in user, else the database role.';

revoke execute on function etl_api.caller_name() from public;
