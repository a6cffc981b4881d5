create or replace function etl_api.process_run_results_for_source(source_id uuid, results jsonb)
returns table (run_request_id uuid, accepted boolean, message text)
language sql
set search_path = ''
as $$
  -- Results of another source are left to their own call.
  select c.*
  from etl_api.complete_run_requests((
    select coalesce(pg_catalog.jsonb_agg(e.value order by e.place), '[]')
    from pg_catalog.jsonb_array_elements(results) with ordinality as e (value, place)
    join public.run_request as r on r.id = utils.uuid_or_null(e.value -> 'run_request_id')
    where r.source_id = process_run_results_for_source.source_id)) as c
$$;

comment on function etl_api.process_run_results_for_source(uuid, jsonb) is
  'complete_run_requests for the results of one source.';

revoke execute on function etl_api.process_run_results_for_source(uuid, jsonb) from public;
grant execute on function etl_api.process_run_results_for_source(uuid, jsonb) to service_role;
