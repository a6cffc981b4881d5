create or replace function etl_api.claim_run_requests(worker text, max_requests int)
returns table (
  run_request_id uuid, org_id uuid, lease_token uuid, lease_until timestamptz, kind text, secret_scope text,
  request jsonb, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  turn record;
  ids uuid[];
  fault_state text;
begin
  if (pg_catalog.length(worker) between 1 and 200 and max_requests between 1 and 1000) is not true then
    perform etl_api.check_claim_arguments(worker, max_requests, 'max_requests');
  end if;
  if exists (select from etl_api.advance_queue) then
    perform etl_api.drain_advance_queue();
  end if;

  turn := etl_api.take_turns(max_requests);
  if turn.sources is null then
    return;
  end if;

  -- All at once, as if nothing could be wrong; locks are taken inside, so that none is left when something is.
  begin
    ids := etl_api.claim_at_once(worker, turn.sources, turn.orgs, turn.may_run, turn.turns, turn.has_requests);
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
    ids := etl_api.claim_apart(worker, turn.sources, turn.orgs, turn.may_run, turn.turns);
  end;
  if turn.has_windows then
    perform etl_api.count_windows(ids);
  end if;

  return query
  select r.id, r.org_id, r.lease_token, r.lease_until, r.kind, coalesce(s.org_id::text, 'shared'),
    r.request, s.timeout_seconds * 1000, r.attempts
  from unnest(ids) as i (id)
  join public.run_request as r on r.id = i.id
  join public.source as s on s.id = r.source_id;
end
$$;

comment on function etl_api.claim_run_requests(text, int) is
  'Claims HTTP requests to send, at most max_requests (1 to 1000), each with a lease, under each source''s limits and in turn for each of its tenants: of a tenant first retries, polls and pages that are due, then new ones for runs that wait. What raises an exception is ended as failed (internal_error), and costs none of the others. Nothing to do: no row. ETL04: bad argument.';

revoke execute on function etl_api.claim_run_requests(text, int) from public;
grant execute on function etl_api.claim_run_requests(text, int) to service_role;
