create or replace function etl_api.may_request(org_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  if auth.uid() is not null then
    return coalesce(may_request.org_id in (select etl_api.my_orgs('{owner,admin,member}')), false);
  end if;
  -- Nobody signed in: an operator or the service. Inside a security definer function current_user is the owner, so the
  -- caller is the role that was set, or who logged in.
  return pg_catalog.pg_has_role(
    coalesce(nullif(pg_catalog.current_setting('role', true), 'none'), session_user::text),
    'service_role', 'usage');
end
$$;

comment on function etl_api.may_request(uuid) is
  'Whether the caller may make and change requests of an org: its owners, admins and members; without a signed-in user only service_role and who has its rights. For the first statement of security definer functions.';

revoke execute on function etl_api.may_request(uuid) from public;
grant execute on function etl_api.may_request(uuid) to authenticated, service_role;
