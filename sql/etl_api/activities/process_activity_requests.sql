create or replace function etl_api.process_activity_requests(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  ready_ids uuid[];
  fault_ids uuid[];
  faults jsonb[];
begin
  select pg_catalog.array_agg(ar.id order by ar.id) into ready_ids
  from public.activity_request as ar
  where ar.id = any (activity_request_ids)
    and ar.state = 'ready';
  if ready_ids is null then
    return;
  end if;

  select pg_catalog.array_agg(f.activity_request_id), pg_catalog.array_agg(f.faults) into fault_ids, faults
  from etl_api.store_input_objects(ready_ids) as f;
  perform etl_api.take_dependency_objects(ready_ids);
  perform etl_api.refuse_input_objects(ready_ids);

  update public.activity_request as ar
  set state = 'in_progress',
      state_substate = null,
      state_via = null,
      errors = f.faults,
      started_at = utils.now(),
      finished_at = null,
      timeout_at = utils.now() + etl_api.time_limit(ar.config, 'activity_timeout_seconds')
  from unnest(ready_ids) as i (id)
  left join unnest(fault_ids, faults) as f (id, faults) on f.id = i.id
  where ar.id = i.id
    and ar.state = 'ready';

  perform etl_api.create_run(ready_ids);
  perform etl_api.advance_activities(ready_ids);
end
$$;

comment on function etl_api.process_activity_requests(uuid[]) is
  'Starts activity requests that are ready: reads and stores their input objects, holds them against the guardrails, creates the runs that are needed, and ends at once those that need none. The caller holds the workflow locks.';

revoke execute on function etl_api.process_activity_requests(uuid[]) from public;
grant execute on function etl_api.process_activity_requests(uuid[]) to service_role;
