create or replace function etl_api.start_waiting_activities(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.workflow_request as w
  set workflow_phase = s.phase
  from (
    select ar.workflow_request_id, pg_catalog.min(ar.workflow_phase) as phase
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)
    group by ar.workflow_request_id
  ) as s
  where w.id = s.workflow_request_id
    and w.replay = 0
    and w.workflow_phase is distinct from s.phase;

  -- trg_process_activity_request starts what becomes ready.
  update public.activity_request as ar
  set state = 'ready',
      state_via = null,
      state_substate = null
  where ar.id = any (activity_request_ids)
    and ar.state = 'waiting';
end
$$;

comment on function etl_api.start_waiting_activities(uuid[]) is
  'Makes activity requests ready whose phase has come and whose dependencies have ended, and with that starts them. The caller holds the workflow locks.';

revoke execute on function etl_api.start_waiting_activities(uuid[]) from public;
grant execute on function etl_api.start_waiting_activities(uuid[]) to service_role;
