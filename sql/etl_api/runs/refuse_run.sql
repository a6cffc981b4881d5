create or replace function etl_api.refuse_run(run_id uuid, fault_state text, fault_message text) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- A claim holds no workflow lock: the note has the activity looked at by the next one.
  with ended as (
    update public.run_queue as q
    set state = 'failed',
        state_via = case when q.state = 'waiting' then '{ready,in_progress}' else '{in_progress}' end::public.run_queue_state[],
        state_substate = 'internal_error',
        error = pg_catalog.jsonb_build_object(
          'code', 'internal_error',
          'message', pg_catalog.format('The engine could not make a request of it: %s (%s).', fault_message, fault_state)),
        finished_at = utils.now()
    where q.id = run_id
      and q.state in ('waiting', 'ready')
    returning q.activity_request_id, q.org_id
  )
  insert into etl_api.advance_queue (activity_request_id, org_id, created_at)
  select ended.activity_request_id, ended.org_id, utils.now()
  from ended;
  perform etl_api.logger('error', 'runs', 'A run could not be sent.',
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'run_queue', run_id);
  -- Its turn is free for others.
  perform etl_api.ring('execute-runs');
exception when others then
  if etl_api.fault_passes(sqlstate) then
    raise;
  end if;
  perform etl_api.logger_stuck('runs', 'A run could be neither sent nor ended.', 'run_queue', run_id,
    fault_state, fault_message);
end
$$;

comment on function etl_api.refuse_run(uuid, text, text) is
  'Ends a run that made the engine raise when its request was made, as failed (internal_error). One that cannot be ended either stays as it is, in the log. The caller holds its row.';

revoke execute on function etl_api.refuse_run(uuid, text, text) from public;
grant execute on function etl_api.refuse_run(uuid, text, text) to service_role;
