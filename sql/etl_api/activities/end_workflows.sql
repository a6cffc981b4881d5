create or replace function etl_api.end_workflows(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  ended record;
begin
  select pg_catalog.array_agg(w.id) as ids,
    pg_catalog.array_agg(case when a.done > 0 then 'done' else 'failed' end::public.workflow_request_state) as states,
    pg_catalog.array_agg(case
      when a.done = 0 then 'all_activities_failed'
      when a.done < a.count or a.partial > 0 then 'partial'
    end) as substates
  into ended
  from (
    select ar.workflow_request_id,
      pg_catalog.count(*) as count,
      -- What was skipped is done, but has no start: see waiting_verdicts.
      pg_catalog.count(*) filter (where ar.state in ('done', 'delivered') and ar.started_at is not null) as done,
      pg_catalog.count(*) filter (where ar.state in ('done', 'delivered') and ar.state_substate = 'partial') as partial,
      pg_catalog.count(*) filter (where ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')) as open
    from public.activity_request as ar
    where ar.workflow_request_id = any (workflow_request_ids)
    group by ar.workflow_request_id
  ) as a
  -- By key: the index of the open ones would lead through all of them.
  cross join lateral (
    select ending.id, ending.state
    from public.workflow_request as ending
    where ending.id = a.workflow_request_id
      and ending.replay = 0
    offset 0
  ) as w
  where a.open = 0
    and w.state = 'in_progress';
  if ended.ids is null then
    return;
  end if;

  update public.workflow_request as w
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
  where w.id = e.id
    and w.replay = 0;
  perform etl_api.deliver_workflow_results(ended.ids);
  perform etl_api.settle_deliveries(ended.ids);
end
$$;

comment on function etl_api.end_workflows(uuid[]) is
  'Ends the workflow requests whose activities have all ended: done when at least one is and was not skipped (partial when not all, or not wholly), else failed; queues their messages. The caller holds the workflow locks.';

revoke execute on function etl_api.end_workflows(uuid[]) from public;
grant execute on function etl_api.end_workflows(uuid[]) to service_role;
