create or replace function etl_api.start_waiting_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.workflow_request as w
  set workflow_phase = s.phase
  from (
    select ar.workflow_request_id, pg_catalog.min(ar.workflow_phase) as phase
    from unnest(activity_request_ids) as i (id)
    cross join lateral (
      select starting.workflow_request_id, starting.workflow_phase
      from public.activity_request as starting
      where starting.id = i.id
      offset 0
    ) as ar
    group by ar.workflow_request_id
    -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
    limit pg_catalog.cardinality(activity_request_ids)
  ) as s
  where w.id = s.workflow_request_id
    and w.replay = 0
    and w.workflow_phase is distinct from s.phase;

  -- trg_process_activity_request starts what becomes ready.
  update public.activity_request as ar
  set state = 'ready',
      state_via = null,
      state_substate = null
  from (select given.id from unnest(activity_request_ids) as given (id) limit pg_catalog.cardinality(activity_request_ids)) as i
  where ar.id = i.id
    and ar.state = 'waiting';
end
$$;

comment on function etl_api.start_waiting_activities(uuid[]) is
  'Makes activity requests ready whose phase has come and whose dependencies have ended, and with that starts them. The caller holds the workflow locks.';

revoke execute on function etl_api.start_waiting_activities(uuid[]) from public;
grant execute on function etl_api.start_waiting_activities(uuid[]) to service_role;
