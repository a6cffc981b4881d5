create or replace function etl_api.start_workflow_requests(activities etl_api.requested_activity[]) returns uuid[]
language plpgsql
set search_path = ''
-- A plan may have been made while the table was empty; see reject_workflow_requests.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  default_limit constant interval := etl_api.time_limit('{}', 'workflow_timeout_seconds');
  held_ids uuid[];
begin
  with started as (
    update public.workflow_request as w
    set state = case when w.not_before > moment then 'waiting' else 'in_progress' end::public.workflow_request_state,
        state_substate = case when w.not_before > moment then 'not_before' end,
        state_via = case
          when w.not_before > moment then '{valid}'
          when w.state = 'new' then '{valid,ready}'
          else '{ready}'
        end::public.workflow_request_state[],
        errors = null,
        workflow_phase = case when w.not_before > moment then null else p.first_phase end,
        phase_count = p.phase_count,
        started_at = case when w.not_before > moment then null else moment end,
        finished_at = null,
        timeout_at = least(w.deadline_at, case when w.not_before > moment then null else moment + coalesce(
          pg_catalog.make_interval(secs => (nullif(w.data #> '{config,timeout_seconds}', 'null') #>> '{}')::double precision),
          default_limit) end)
    from (
      select a.workflow_request_id, pg_catalog.min(a.workflow_phase) as first_phase,
        pg_catalog.count(distinct a.workflow_phase) as phase_count
      from pg_catalog.unnest(activities) as a
      group by a.workflow_request_id
      limit pg_catalog.cardinality(activities)
    ) as p
    where w.id = p.workflow_request_id
      and w.replay = 0
      and (w.state = 'new' or w.state = 'waiting' and w.not_before <= moment)
    returning w.id, w.org_id, w.state, w.data #> '{config,budget}' as budget
  ), capped as (
    insert into etl_api.budget_used (org_id, workflow_request_id, cap)
    select s.org_id, s.id, (s.budget #>> '{}')::numeric
    from started as s
    where pg_catalog.jsonb_typeof(s.budget) = 'number'
    on conflict (org_id, month, workflow_request_id) do update
    set cap = excluded.cap
  )
  select pg_catalog.array_agg(s.id) into held_ids
  from started as s
  where s.state = 'waiting';
  return held_ids;
end
$$;

comment on function etl_api.start_workflow_requests(etl_api.requested_activity[]) is
  'Sets the requests of these activities to work, in their lowest phase. Those whose not_before lies ahead wait for it; these it returns, null when there is none.';

revoke execute on function etl_api.start_workflow_requests(etl_api.requested_activity[]) from public;
grant execute on function etl_api.start_workflow_requests(etl_api.requested_activity[]) to service_role;
