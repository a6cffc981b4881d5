create or replace function etl_api.store_secret(
  of_org uuid, of_name text, of_version int, sealed text, sealed_by text, by_whom text
) returns void
language plpgsql
set search_path = ''
as $$
declare
  in_vault constant boolean := etl_api.has_vault();
  vault_entry uuid;
begin
  if coalesce(sealed, '') = '' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('the secret %s has no value', of_name),
      hint = 'Give it one, or revoke it.';
  end if;
  if sealed_by is null and not in_vault then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('the secret %s is not sealed, and there is no Vault that could keep it', of_name),
      hint = 'Set ETL_SECRET_KEY where secrets are managed and in the edge functions.';
  end if;
  if in_vault then
    execute 'select vault.create_secret($1, $2, $3)'
      into vault_entry
      using
        sealed,
        pg_catalog.format('millrace/%s/%s/%s', coalesce(of_org::text, 'shared'), of_name, of_version),
        'A secret of Millrace: manage it there, not here.';
  end if;

  insert into etl_api.secret (org_id, name, version, storage, ciphertext, vault_id, key_id, created_at, created_by)
  values (
    of_org, of_name, of_version,
    case when in_vault then 'vault' else 'table' end,
    case when not in_vault then pg_catalog.decode(sealed, 'base64') end,
    vault_entry, sealed_by, utils.now(), coalesce(by_whom, etl_api.caller_name()));
exception
  -- Sealed for a version that somebody else has taken in the meantime: the same again succeeds.
  when unique_violation then
    raise exception using
      errcode = '40001',
      message = pg_catalog.format('somebody else has written the secret %s at the same time', of_name),
      hint = 'Try again.';
end
$$;

comment on function etl_api.store_secret(uuid, text, int, text, text, text) is
  'Writes a version of a secret: into the Vault where there is one, else into the table, and only what is sealed. 40001 when the version is taken.';

revoke execute on function etl_api.store_secret(uuid, text, int, text, text, text) from public;
