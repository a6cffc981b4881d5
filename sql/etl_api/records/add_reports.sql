create or replace function etl_api.add_reports(report jsonb, next jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'success', (report ->> 'success')::int + (next ->> 'success')::int,
    'failed', (report ->> 'failed')::int + (next ->> 'failed')::int,
    'repeated', (report ->> 'repeated')::int + coalesce((next ->> 'repeated')::int, 0),
    'inserted_records', report -> 'inserted_records' || (next -> 'inserted_records'),
    'errors', report -> 'errors' || (next -> 'errors'),
    -- All of them stand with the records; an answer of this size is read by nobody.
    'warnings', case when pg_catalog.jsonb_array_length(report -> 'warnings') >= 1000 then report -> 'warnings'
      else pg_catalog.jsonb_path_query_array(report -> 'warnings' || (next -> 'warnings'), '$[0 to 999]') end,
    'warning_count', (report ->> 'warning_count')::int + pg_catalog.jsonb_array_length(next -> 'warnings'))
$$;

comment on function etl_api.add_reports(jsonb, jsonb) is
  'What came of two lots of records; of the warnings the first thousand.';

revoke execute on function etl_api.add_reports(jsonb, jsonb) from public;
grant execute on function etl_api.add_reports(jsonb, jsonb) to service_role;
