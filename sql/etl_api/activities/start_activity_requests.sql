create or replace function etl_api.start_activity_requests(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  fault_ids uuid[];
  faults jsonb[];
begin
  select pg_catalog.array_agg(f.activity_request_id), pg_catalog.array_agg(f.faults) into fault_ids, faults
  from etl_api.store_input_objects(activity_request_ids) as f;
  if fault_ids is not null then
    update public.activity_request as ar
    set errors = f.faults
    from (select * from unnest(fault_ids, faults) as t (id, faults) limit pg_catalog.cardinality(fault_ids)) as f
    where ar.id = f.id;
  end if;
  perform etl_api.take_dependency_objects(activity_request_ids);
  perform etl_api.refuse_input_objects(activity_request_ids);
  perform etl_api.create_run(activity_request_ids);
  perform etl_api.advance_activities(activity_request_ids);
end
$$;

comment on function etl_api.start_activity_requests(uuid[]) is
  'Begins the work of activity requests that have just been set in progress: reads and stores their input objects, holds them against the guardrails, creates the runs that are needed, and ends at once those that need none. The caller holds the workflow locks.';

revoke execute on function etl_api.start_activity_requests(uuid[]) from public;
grant execute on function etl_api.start_activity_requests(uuid[]) to service_role;
