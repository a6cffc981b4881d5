create or replace function etl_api.drop_vault_entries(entries uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  if entries <> '{}' and pg_catalog.to_regclass('vault.secrets') is not null then
    execute 'delete from vault.secrets where id = any ($1)' using entries;
  end if;
end
$$;

comment on function etl_api.drop_vault_entries(uuid[]) is
  'Deletes entries of the Vault; nothing where there is none.';

revoke execute on function etl_api.drop_vault_entries(uuid[]) from public;
