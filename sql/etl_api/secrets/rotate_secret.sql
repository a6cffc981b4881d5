create or replace function etl_api.rotate_secret(
  of_scope text, of_name text, of_version int, sealed text, sealed_by text,
  by_whom text default null, keep_seconds int default 86400
) returns int
language plpgsql security definer
set search_path = ''
as $$
declare
  of_org constant uuid := etl_api.secret_org(of_scope, of_name);
  replaced uuid;
begin
  if coalesce(keep_seconds, -1) not between 0 and 2592000 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('keep_seconds is %s: it must be 0 to 2592000, which is 30 days', coalesce(keep_seconds::text, 'null')),
      hint = 'Leave it out for a day.';
  end if;
  perform etl_api.lock_secret(of_org, of_name);
  select s.id into replaced
  from etl_api.secret as s
  where s.org_id is not distinct from of_org
    and s.name = of_name
    and s.state = 'active';
  if replaced is null then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('there is no active secret %s in the scope %s', of_name, of_scope),
      hint = 'Set it.';
  end if;
  update etl_api.secret as s
  set state = 'retiring',
      expires_at = utils.now() + keep_seconds * interval '1 second'
  where s.id = replaced;
  if keep_seconds = 0 then
    perform etl_api.wipe_secrets(array[replaced], by_whom);
  end if;
  perform etl_api.store_secret(of_org, of_name, of_version, sealed, sealed_by, by_whom);
  return of_version;
end
$$;

comment on function etl_api.rotate_secret(text, text, int, text, text, text, int) is
  'Replaces the active version of a secret; see put_secret. The old one still signs, beside the new one, for keep_seconds (a day; 0: it is gone at once); placeholders take the new one from now on. ETL05 when there is none to replace.';

revoke execute on function etl_api.rotate_secret(text, text, int, text, text, text, int) from public;
grant execute on function etl_api.rotate_secret(text, text, int, text, text, text, int) to service_role;
