create or replace function etl_api.drop_vault_entries_of_deleted() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform etl_api.drop_vault_entries(array(
    select d.vault_id
    from deleted as d
    where d.vault_id is not null));
  return null;
end
$$;

comment on function etl_api.drop_vault_entries_of_deleted() is
  'With a deleted secret, an org''s for instance, its entry in the Vault goes.';

revoke execute on function etl_api.drop_vault_entries_of_deleted() from public;
