create or replace function etl_api.refuse_request(run_request_id uuid, fault_state text, fault_message text) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Who holds the workflow may be about to wait for the row that the claim holds: so nobody waits here. A later claim
  -- meets the request again.
  perform 1
  from public.run_request as r
  join public.workflow_request as w
    on w.id = r.workflow_request_id
    and w.org_id = r.org_id
    and w.replay = 0
  where r.id = run_request_id
  for no key update of w skip locked;
  if not found then
    return;
  end if;

  perform etl_api.end_run_requests(array[run_request_id], 'internal_error',
    pg_catalog.format('The engine could not send it: %s (%s).', fault_message, fault_state));
  perform etl_api.logger('error', 'exchange', 'A request could not be sent.',
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'message', fault_message), null, 'run_request', run_request_id);
exception when others then
  if etl_api.fault_passes(sqlstate) then
    raise;
  end if;
  perform etl_api.logger_stuck('exchange', 'A request could be neither sent nor ended.', 'run_request', run_request_id,
    fault_state, fault_message);
end
$$;

comment on function etl_api.refuse_request(uuid, text, text) is
  'Ends an HTTP request that was due and made the engine raise when it was claimed, as failed (internal_error), with the runs it carries. One that cannot be ended either stays as it is, in the log.';

revoke execute on function etl_api.refuse_request(uuid, text, text) from public;
grant execute on function etl_api.refuse_request(uuid, text, text) to service_role;
