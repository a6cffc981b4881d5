create or replace function etl_api.evolve_client_schema(
  target public.client_schemas, rows jsonb, contract text,
  out version int, out columns jsonb, out added jsonb, out widened jsonb, out unknown text[])
returns record
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  known jsonb := target.schema_definition;
begin
  version := target.version;
  select p.columns, p.added, p.widened, p.unknown into columns, added, widened, unknown
  from etl_api.plan_client_rows(rows, known, contract) as p;
  if added = '[]' and widened = '[]' then
    return;
  end if;

  -- Somebody may have changed it since it was read: what they have said holds, and only the rest is added.
  select s.schema_definition, s.version into known, version
  from public.client_schemas as s
  where s.id = target.id
  for no key update;
  select p.columns, p.added, p.widened, p.unknown into columns, added, widened, unknown
  from etl_api.plan_client_rows(rows, known, contract) as p;
  if added = '[]' and widened = '[]' then
    return;
  end if;
  update public.client_schemas as s
  set schema_definition = evolve_client_schema.columns
  where s.id = target.id
  returning s.version into version;
  perform etl_api.note_schema_changes(target.organization_id, 'clients', pg_catalog.concat(target.client_id, '/', target.table_name),
    added, widened, auth.uid());
end
$$;

comment on function etl_api.evolve_client_schema(public.client_schemas, jsonb, text) is
  'Brings what is known of a client''s table up to new rows, as the contract says: the first of two who add the same field wins. Nobody waits unless there is something to change.';

revoke execute on function etl_api.evolve_client_schema(public.client_schemas, jsonb, text) from public;
