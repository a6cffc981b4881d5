create or replace function etl_api.has_vault() returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return pg_catalog.to_regclass('vault.secrets') is not null
    and pg_catalog.to_regclass('vault.decrypted_secrets') is not null
    and exists (
      select 1
      from pg_catalog.pg_proc as p
      where p.pronamespace = pg_catalog.to_regnamespace('vault')
        and p.proname = 'create_secret');
end
$$;

comment on function etl_api.has_vault() is
  'Whether this database has Supabase''s Vault. Where it is, values of secrets are kept there.';

revoke execute on function etl_api.has_vault() from public;
grant execute on function etl_api.has_vault() to service_role;
