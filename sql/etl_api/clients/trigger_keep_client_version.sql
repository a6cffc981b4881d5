-- By row: few tables change at once, and the new number goes into the row that is being written.
drop trigger if exists keep_version on public.client_schemas;
create trigger keep_version
  before update of schema_definition on public.client_schemas
  for each row
  when (old.schema_definition is distinct from new.schema_definition)
  execute function etl_api.keep_client_version();
comment on trigger keep_version on public.client_schemas is 'Versions of what is known of a table''s fields.';
