create or replace function etl_api.put_secret(
  of_scope text, of_name text, of_version int, sealed text, sealed_by text, by_whom text default null
) returns int
language plpgsql security definer
set search_path = ''
as $$
declare
  of_org constant uuid := etl_api.secret_org(of_scope, of_name);
begin
  perform etl_api.lock_secret(of_org, of_name);
  if exists (
    select 1
    from etl_api.secret as s
    where s.org_id is not distinct from of_org
      and s.name = of_name
      and s.state = 'active')
  then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('there is a secret %s in the scope %s already', of_name, of_scope),
      hint = 'Rotate it: the old value then goes on signing for a while. Or revoke it first.';
  end if;
  perform etl_api.store_secret(of_org, of_name, of_version, sealed, sealed_by, by_whom);
  return of_version;
end
$$;

comment on function etl_api.put_secret(text, text, int, text, text, text) is
  'Adds a secret. of_version is the one next_secret gave; sealed is base64 of what the functions sealed under the key sealed_by, or the clear text, with sealed_by null, where there is a Vault. Returns the version. ETL05 when there is an active one.';

revoke execute on function etl_api.put_secret(text, text, int, text, text, text) from public;
grant execute on function etl_api.put_secret(text, text, int, text, text, text) to service_role;
