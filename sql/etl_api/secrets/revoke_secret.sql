create or replace function etl_api.revoke_secret(
  of_scope text, of_name text, of_version int default null, by_whom text default null
) returns int
language plpgsql security definer
set search_path = ''
as $$
declare
  of_org constant uuid := etl_api.secret_org(of_scope, of_name);
  versions constant uuid[] := array(
    select s.id
    from etl_api.secret as s
    where s.org_id is not distinct from of_org
      and s.name = of_name
      and (of_version is null or s.version = of_version));
begin
  if versions = '{}' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no %s of a secret %s in the scope %s',
        coalesce('version ' || of_version, 'version'), of_name, of_scope),
      hint = 'List the secrets of the scope.';
  end if;
  return etl_api.wipe_secrets(versions, by_whom);
end
$$;

comment on function etl_api.revoke_secret(text, text, int, text) is
  'Revokes a secret, or one version of it: the value is thrown away at once, and functions that hold it forget it within seconds. Returns how many versions were not revoked yet. ETL04 when there never was one.';

revoke execute on function etl_api.revoke_secret(text, text, int, text) from public;
grant execute on function etl_api.revoke_secret(text, text, int, text) to service_role;
