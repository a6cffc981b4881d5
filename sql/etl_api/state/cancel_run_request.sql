create or replace function etl_api.cancel_run_request(id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  was text;
begin
  -- What a claim holds just now is waited for, so that the state below is the last one.
  select r.state into was
  from public.run_request as r
  where r.id = cancel_run_request.id
  for no key update;
  if was not in ('waiting', 'ready', 'in_progress') then
    perform etl_api.refuse_action('run_request', id, was, 'cancelled', 'It has ended.');
  end if;
  perform etl_api.end_run_requests(array[id], 'cancelled', 'The HTTP request was cancelled.');
  return 'The HTTP request is cancelled, and with it the runs it carried; their activity goes on.';
end
$$;

comment on function etl_api.cancel_run_request(uuid) is
  'Cancels an HTTP request; see cancel. The caller holds the workflow lock.';

revoke execute on function etl_api.cancel_run_request(uuid) from public;
