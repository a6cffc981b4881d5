-- Values are for the functions above, which hand them to service_role; everybody else sees that there are secrets.

revoke all on etl_api.secret from public, anon, authenticated, service_role;
grant select (
  id, org_id, name, version, state, storage, key_id, created_at, created_by, expires_at, revoked_at, revoked_by, last_used_at
) on etl_api.secret to authenticated, service_role;

drop policy if exists admins_read on etl_api.secret;
create policy admins_read on etl_api.secret
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_read on etl_api.secret is
  'Owners and admins see which secrets their org has; the values no column they may read holds.';
