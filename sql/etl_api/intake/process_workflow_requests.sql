create or replace function etl_api.process_workflow_requests(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
-- For all that runs in it. One plan for any number of rows: made anew for each statement it would cost a single row
-- more than the work. Rows are looked up by their keys, whatever the planner thinks of their number.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  slice constant int := 1000;
begin
  perform pg_catalog.set_config('etl.max_matches', etl_api.limit_of('max_matches')::text, true);
  -- In slices, so that what is held in memory and what one fault undoes stay small.
  for place in 1 .. coalesce(pg_catalog.cardinality(workflow_request_ids), 0) by slice loop
    perform etl_api.isolate_workflow_requests(workflow_request_ids[place : place + slice - 1]);
  end loop;
end
$$;

comment on function etl_api.process_workflow_requests(uuid[]) is
  'Takes new requests in: each ends as invalid with its errors, or is expanded into activity requests and started. The caller has inserted the rows or holds their locks.';

revoke execute on function etl_api.process_workflow_requests(uuid[]) from public;
grant execute on function etl_api.process_workflow_requests(uuid[]) to service_role;
