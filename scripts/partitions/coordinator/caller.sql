create or replace function etl_route.caller() returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  -- Inside a security definer function current_user is its owner: the caller is the role that was set, or who logged in.
  who constant text := coalesce(nullif(pg_catalog.current_setting('role', true), 'none'), session_user::text);
  as_role constant text := case
    when pg_catalog.pg_has_role(who, 'service_role', 'usage') then 'service_role'
    when pg_catalog.pg_has_role(who, 'authenticated', 'usage') then 'authenticated'
  end;
begin
  if as_role is null then
    raise exception using
      errcode = '42501',
      message = pg_catalog.format('permission denied for role %s', who),
      hint = 'Sign in, or use a role that has the rights of service_role.';
  end if;
  return pg_catalog.jsonb_build_object(
    'role', as_role,
    'claims', nullif(pg_catalog.current_setting('request.jwt.claims', true), ''));
end
$$;

comment on function etl_route.caller() is
  'Who is asking, {role, claims}, as the partition is to see it: service_role for whoever has its rights, else authenticated. 42501: neither.';

revoke execute on function etl_route.caller() from public;
grant execute on function etl_route.caller() to millrace_router;
