create or replace function etl_api.keep_client_version() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if old.version > 0 then
    insert into public.client_schema_versions (client_id, organization_id, table_name, version, schema_definition, replaced_at)
    values (old.client_id, old.organization_id, old.table_name, old.version, old.schema_definition, utils.now());
  end if;
  new.version := old.version + 1;
  new.updated_at := utils.now();
  return new;
end
$$;

comment on function etl_api.keep_client_version() is 'Keeps what a schema said before it changes, and counts the change.';

revoke execute on function etl_api.keep_client_version() from public;
