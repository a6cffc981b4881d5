create or replace function etl_api.advance_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  moment constant timestamptz := utils.now();
  over_ids constant uuid[] := etl_api.activities_without_open_runs(activity_request_ids);
  workflow_ids uuid[];
begin
  if over_ids is null then
    return;
  end if;
  perform etl_api.reconstruct_values_to_activity_requests(over_ids);

  with ended as (
    update public.activity_request as ar
    set state = e.state,
        state_via = null,
        state_substate = e.substate,
        finished_at = moment
    -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
    from (select how.* from etl_api.activity_ends(over_ids) as how limit pg_catalog.cardinality(over_ids)) as e
    where ar.id = e.activity_request_id
    returning ar.workflow_request_id
  )
  select pg_catalog.array_agg(distinct ended.workflow_request_id) into workflow_ids
  from ended;

  perform etl_api.deliver_activity_results(over_ids);
  perform etl_api.land_activity_results(over_ids);
  perform etl_api.advance_workflows(workflow_ids);
end
$$;

comment on function etl_api.advance_activities(uuid[]) is
  'Moves on those of these activity requests whose runs have all ended: rebuilds the result, ends the activity, queues its messages and moves its workflow on. The caller holds the workflow locks and has created the runs that are needed next.';

revoke execute on function etl_api.advance_activities(uuid[]) from public;
grant execute on function etl_api.advance_activities(uuid[]) to service_role;
