create or replace function etl_api.vault_values(entries uuid[]) returns table (id uuid, value text)
language plpgsql stable
set search_path = ''
as $$
begin
  if entries <> '{}' and pg_catalog.to_regclass('vault.decrypted_secrets') is not null then
    return query execute 'select v.id, v.decrypted_secret::text from vault.decrypted_secrets as v where v.id = any ($1)'
      using entries;
  end if;
end
$$;

comment on function etl_api.vault_values(uuid[]) is
  'Entries of the Vault, decrypted; nothing where there is none.';

revoke execute on function etl_api.vault_values(uuid[]) from public;
