drop trigger if exists drop_vault_entries on etl_api.secret;
create trigger drop_vault_entries
  after delete on etl_api.secret
  referencing old table as deleted
  for each statement
  execute function etl_api.drop_vault_entries_of_deleted();
comment on trigger drop_vault_entries on etl_api.secret is
  'Nothing of a deleted secret stays in the Vault.';
