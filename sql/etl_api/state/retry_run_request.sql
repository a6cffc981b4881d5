create or replace function etl_api.retry_run_request(id uuid, activity_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  request constant record := (select r from public.run_request as r where r.id = retry_run_request.id);
begin
  if request.state not in ('failed', 'timedout')
    or not exists (
      select 1
      from public.run_queue as q
      where q.run_request_id = request.root_id
        and q.state in ('failed', 'timedout'))
  then
    perform etl_api.refuse_action('run_request', id, request.state::text, 'retried',
      case
        when request.state in ('new', 'valid', 'waiting', 'ready', 'in_progress') then 'It is under way.'
        when request.state = 'done' then 'It was answered.'
        else 'No run waits for its answer any more. Retry the run, which makes a new request.'
      end);
  end if;
  perform etl_api.reopen_activity(activity_request_id);

  -- The failed requests of the chain together: one that stays failed would fail the runs again.
  update public.run_request as r
  set state = 'ready',
      state_via = null,
      state_substate = null,
      attempts = 0,
      polls = 0,
      error = null,
      due_at = utils.now(),
      finished_at = null
  where r.activity_request_id = retry_run_request.activity_request_id
    and r.root_id = request.root_id
    and r.state in ('failed', 'timedout');

  update public.run_queue as q
  set state = 'in_progress',
      state_via = '{ready}',
      state_substate = null,
      error = null,
      timeout_at = utils.now() + etl_api.time_limit(a.config, 'run_timeout_seconds'),
      finished_at = null
  from public.activity_request as a
  where q.run_request_id = request.root_id
    and q.state in ('failed', 'timedout')
    and a.id = q.activity_request_id;
  perform etl_api.ring('execute-runs');
  return 'The HTTP request will be sent again, its attempts counted anew.';
end
$$;

comment on function etl_api.retry_run_request(uuid, uuid) is
  'Retries an HTTP request, with the others of its chain that failed and the runs they carry; see retry. The caller holds the workflow lock.';

revoke execute on function etl_api.retry_run_request(uuid, uuid) from public;
