create or replace function etl_api.start_workflow_requests(activities etl_api.requested_activity[]) returns void
language plpgsql
set search_path = ''
-- A plan may have been made while the table was empty; see reject_workflow_requests.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
  moment constant timestamptz := utils.now();
  default_limit constant interval := etl_api.time_limit('{}', 'workflow_timeout_seconds');
begin
  update public.workflow_request as w
  set state = 'in_progress',
      state_substate = null,
      state_via = '{valid,ready}',
      errors = null,
      workflow_phase = p.first_phase,
      phase_count = p.phase_count,
      started_at = moment,
      finished_at = null,
      timeout_at = moment + coalesce(
        pg_catalog.make_interval(secs => (nullif(w.data #> '{config,timeout_seconds}', 'null') #>> '{}')::double precision),
        default_limit)
  from (
    select a.workflow_request_id, pg_catalog.min(a.workflow_phase) as first_phase,
      pg_catalog.count(distinct a.workflow_phase) as phase_count
    from pg_catalog.unnest(activities) as a
    group by a.workflow_request_id
    limit pg_catalog.cardinality(activities)
  ) as p
  where w.id = p.workflow_request_id
    and w.replay = 0
    and w.state = 'new';
end
$$;

comment on function etl_api.start_workflow_requests(etl_api.requested_activity[]) is
  'Sets the requests of these activities to work, in their lowest phase.';

revoke execute on function etl_api.start_workflow_requests(etl_api.requested_activity[]) from public;
grant execute on function etl_api.start_workflow_requests(etl_api.requested_activity[]) to service_role;
