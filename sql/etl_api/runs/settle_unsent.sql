create or replace function etl_api.settle_unsent(
  run_ids uuid[], run_items int[], unsent_items int[], fates text[], missing jsonb[])
returns void
language plpgsql
set search_path = ''
-- Lists meet by hash; see render_requests.
set enable_hashjoin = on
as $$
declare
  moment constant timestamptz := utils.now();
begin
  with ended as (
    -- A run that keeps waiting is written once, when it begins to wait for the budget.
    update public.run_queue as q
    set state = case when t.fate = 'budget' then q.state else 'invalid' end,
        state_via = case when t.fate <> 'budget' and q.state = 'ready' then '{in_progress,waiting}'::public.run_queue_state[] end,
        state_substate = t.fate,
        error = case t.fate
          when 'missing_value' then etl_api.missing_error(t.missing, 'run', q.source_id)
          when 'budget_exceeded' then etl_api.budget_error(q.workflow_request_id, q.source_id)
        end,
        finished_at = case when t.fate <> 'budget' then moment end
    from (
      select run.id, u.fate, u.missing
      from unnest(unsent_items, fates, missing) as u (item, fate, missing)
      join unnest(run_ids, run_items) as run (id, item) on run.item = u.item
      -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
      limit pg_catalog.cardinality(run_ids)
    ) as t
    where q.id = t.id
      and (t.fate <> 'budget' or q.state_substate is distinct from 'budget')
    returning q.activity_request_id, q.org_id, t.fate
  )
  insert into etl_api.advance_queue (activity_request_id, org_id, created_at)
  select distinct ended.activity_request_id, ended.org_id, moment
  from ended
  where ended.fate <> 'budget';
  -- The turns of what was not sent are free for others.
  perform etl_api.ring('execute-runs');
end
$$;

comment on function etl_api.settle_unsent(uuid[], int[], int[], text[], jsonb[]) is
  'Moves runs on that send_runs did not send: those of request unsent_items[i] (run_items tells which) have the fate fates[i], missing_value, budget_exceeded or budget.';

revoke execute on function etl_api.settle_unsent(uuid[], int[], int[], text[], jsonb[]) from public;
grant execute on function etl_api.settle_unsent(uuid[], int[], int[], text[], jsonb[]) to service_role;
