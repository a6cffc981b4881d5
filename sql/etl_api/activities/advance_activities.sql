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
  ended record;
begin
  if over_ids is null then
    return;
  end if;
  perform etl_api.reconstruct_values_to_activity_requests(over_ids);

  select pg_catalog.array_agg(e.activity_request_id) as ids, pg_catalog.array_agg(e.state) as states,
    pg_catalog.array_agg(e.substate) as substates
  into ended
  from etl_api.activity_ends(over_ids) as e;

  update public.activity_request as ar
  set state = e.state,
      state_via = null,
      state_substate = e.substate,
      finished_at = moment
  from (
    select t.*
    from unnest(ended.ids, ended.states, ended.substates) as t (id, state, substate)
    -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
    limit pg_catalog.cardinality(ended.ids)
  ) as e
  where ar.id = e.id;

  perform etl_api.deliver_activity_results(over_ids);
  perform etl_api.advance_workflows(array(
    select distinct ar.workflow_request_id
    from unnest(over_ids) as i (id)
    -- By key: in the order of another index the planner would read all of them.
    cross join lateral (
      select known.workflow_request_id
      from public.activity_request as known
      where known.id = i.id
      offset 0
    ) as ar));
end
$$;

comment on function etl_api.advance_activities(uuid[]) is
  'Moves on those of these activity requests whose runs have all ended: rebuilds the result, ends the activity, queues its messages and moves its workflow on. The caller holds the workflow locks and has created the runs that are needed next.';

revoke execute on function etl_api.advance_activities(uuid[]) from public;
grant execute on function etl_api.advance_activities(uuid[]) to service_role;
