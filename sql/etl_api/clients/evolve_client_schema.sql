create or replace function etl_api.evolve_client_schema(
  rows jsonb, contract text, inout target public.client_schemas,
  out columns jsonb, out added jsonb, out widened jsonb, out unknown text[])
returns record
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  select p.columns, p.added, p.widened, p.unknown into columns, added, widened, unknown
  from etl_api.plan_client_rows(rows, target.schema_definition, contract) as p;
  if added = '[]' and widened = '[]' then
    return;
  end if;

  -- Somebody may have changed it since it was read: what they have said holds, and only the rest is added.
  select s.* into target
  from public.client_schemas as s
  where s.id = (evolve_client_schema.target).id
  for no key update;
  select p.columns, p.added, p.widened, p.unknown into columns, added, widened, unknown
  from etl_api.plan_client_rows(rows, target.schema_definition, contract) as p;
  if added = '[]' and widened = '[]' then
    return;
  end if;
  update public.client_schemas as s
  set schema_definition = evolve_client_schema.columns
  where s.id = (evolve_client_schema.target).id
  returning s.* into target;
  perform etl_api.note_schema_changes(target.organization_id, 'clients', pg_catalog.concat(target.client_id, '/', target.table_name),
    added, widened, auth.uid());
end
$$;

comment on function etl_api.evolve_client_schema(jsonb, text, public.client_schemas) is
  'Brings what is known of a client''s table up to new rows, as the contract says: the first of two who add the same field wins. Nobody waits unless there is something to change.';

revoke execute on function etl_api.evolve_client_schema(jsonb, text, public.client_schemas) from public;
