create or replace function etl_api.ingest_client_data(client_id uuid, data_type text, rows jsonb, contract text default null) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
as $$
#variable_conflict use_column
declare
  target public.client_schemas;
  plan record;
  landed record;
begin
  perform etl_api.check_client_writer(client_id);
  perform etl_api.check_client_rows(data_type, rows, contract);
  -- Rows that come out of a table are compressed, and would be unpacked for each look into them.
  rows := rows || '[]';
  target := etl_api.find_client_schema(client_id, data_type, contract);
  plan := etl_api.evolve_client_schema(target, rows, coalesce(contract, target.contract));
  landed := etl_api.land_client_rows(target, rows, plan.columns, coalesce(contract, target.contract), plan.unknown);
  return pg_catalog.jsonb_build_object(
    'client_id', target.client_id, 'table_name', target.table_name, 'data_type', target.data_type, 'version', plan.version,
    'success', landed.stored, 'failed', landed.failed, 'warned', landed.warned,
    'errors', pg_catalog.jsonb_path_query_array(landed.errors, '$[0 to 999]'),
    'warnings', pg_catalog.jsonb_path_query_array(landed.warnings, '$[0 to 99]'),
    'added', pg_catalog.jsonb_path_query_array(plan.added, '$[*].name'),
    'widened', pg_catalog.jsonb_path_query_array(plan.widened, '$[*] ? (@.from != @.to).name'),
    'unknown', pg_catalog.to_jsonb(plan.unknown));
end
$$;

comment on function etl_api.ingest_client_data(uuid, text, jsonb, text) is
  'Takes rows, an array of objects, into a client''s table: finds out its fields, and what new ones are; makes the values so; stores each row or says why not. data_type: letters, digits and _; null: data. contract: for these rows, and of the table when it is new (evolve); null: the table''s. Returns {client_id, table_name, data_type, version, success, failed, warned, errors [{index, code, error}, at most 1000], warnings [{index, field, warning}, at most 100], added, widened, unknown}. ETL04: bad arguments; ETL06: the caller may not.';

revoke execute on function etl_api.ingest_client_data(uuid, text, jsonb, text) from public;
grant execute on function etl_api.ingest_client_data(uuid, text, jsonb, text) to authenticated, service_role;
