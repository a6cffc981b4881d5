create or replace function etl_api.end_open_runs(
  activity_request_ids uuid[], to_state text, substate text, message text)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  fault constant jsonb := pg_catalog.jsonb_build_object('code', substate, 'message', message);
begin
  -- Runs first: once they have ended no claim takes them, and the HTTP requests that a claim has made of them
  -- meanwhile are seen by the second statement.
  update public.run_queue as q
  set state = to_state::public.run_queue_state,
      state_via = case when to_state = 'timedout'
        then etl_api.steps_to_timedout(q.state::text)::public.run_queue_state[] end,
      state_substate = substate,
      error = fault,
      finished_at = utils.now()
  where q.activity_request_id = any (activity_request_ids)
    and q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress');

  update public.run_request as r
  set state = to_state::public.run_request_state,
      state_via = case when to_state = 'timedout'
        then etl_api.steps_to_timedout(r.state::text)::public.run_request_state[] end,
      state_substate = substate,
      error = fault,
      lease_until = null,
      lease_token = null,
      finished_at = utils.now()
  where r.activity_request_id = any (activity_request_ids)
    and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress');
end
$$;

comment on function etl_api.end_open_runs(uuid[], text, text, text) is
  'Ends all open runs of activity requests and their HTTP requests as failed (cancelled) or timedout; answers that come later find no lease. The caller holds the workflow locks.';

revoke execute on function etl_api.end_open_runs(uuid[], text, text, text) from public;
grant execute on function etl_api.end_open_runs(uuid[], text, text, text) to service_role;
