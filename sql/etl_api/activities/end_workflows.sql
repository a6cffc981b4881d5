create or replace function etl_api.end_workflows(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  ended_ids uuid[];
begin
  with ended as (
    update public.workflow_request as w
    set state = case when a.done > 0 then 'done' else 'failed' end::public.workflow_request_state,
        state_via = null,
        state_substate = case
          when a.done = 0 then 'all_activities_failed'
          when a.done < a.count or a.partial > 0 then 'partial'
        end,
        finished_at = moment
    from (
      select ar.workflow_request_id,
        pg_catalog.count(*) as count,
        -- What was skipped is done, but has no start: see waiting_verdicts.
        pg_catalog.count(*) filter (where ar.state in ('done', 'delivered') and ar.started_at is not null) as done,
        pg_catalog.count(*) filter (where ar.state in ('done', 'delivered') and ar.state_substate = 'partial') as partial
      from public.activity_request as ar
      where ar.workflow_request_id = any (workflow_request_ids)
      group by ar.workflow_request_id
      having not pg_catalog.bool_or(ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
      -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
      limit pg_catalog.cardinality(workflow_request_ids)
    ) as a
    where w.id = a.workflow_request_id
      and w.replay = 0
      -- As text: the index of the open ones would lead through all of them.
      and w.state::text = 'in_progress'
    returning w.id
  )
  select pg_catalog.array_agg(ended.id) into ended_ids
  from ended;
  if ended_ids is null then
    return;
  end if;
  perform etl_api.deliver_workflow_results(ended_ids);
  perform etl_api.settle_deliveries(ended_ids);
end
$$;

comment on function etl_api.end_workflows(uuid[]) is
  'Ends the workflow requests whose activities have all ended: done when at least one is and was not skipped (partial when not all, or not wholly), else failed; queues their messages. The caller holds the workflow locks.';

revoke execute on function etl_api.end_workflows(uuid[]) from public;
grant execute on function etl_api.end_workflows(uuid[]) to service_role;
