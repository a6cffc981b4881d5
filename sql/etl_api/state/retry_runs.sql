create or replace function etl_api.retry_runs(run_ids uuid[]) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  again int;
begin
  update public.run_queue as q
  set state = 'ready',
      state_via = null,
      state_substate = null,
      error = null,
      run_request_id = null,
      due_at = utils.now(),
      timeout_at = null,
      finished_at = null
  where q.id = any (run_ids)
    and q.state in ('failed', 'timedout', 'invalid');
  get diagnostics again = row_count;
  if again > 0 then
    perform etl_api.ring('execute-runs');
  end if;
  return again;
end
$$;

comment on function etl_api.retry_runs(uuid[]) is
  'Makes those of these runs that failed, timed out or were invalid ready to be allocated again. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.retry_runs(uuid[]) from public;
