create or replace function etl_api.claim_deliveries(worker text, max_deliveries int)
returns table (
  delivery_id uuid, webhook_id text, org_id uuid, lease_token uuid, lease_until timestamptz, url text,
  secret_name text, secret_scope text, event_type text, headers jsonb, body text, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  fault_state text;
begin
  perform etl_api.check_claim_arguments(worker, max_deliveries, 'max_deliveries');

  -- All at once, as if nothing could be wrong; locks are taken inside, so that none is left when something is.
  begin
    return query
    select *
    from etl_api.lease_deliveries(worker, etl_api.take_deliveries(max_deliveries));
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  return query
  select *
  from etl_api.lease_deliveries_apart(worker, etl_api.take_deliveries(max_deliveries));
end
$$;

comment on function etl_api.claim_deliveries(text, int) is
  'Claims messages to send, at most max_deliveries (1 to 1000), the longest due first, each with a lease; to an address that is slow or dead no more than its lane has room for (delivery_lane), in order where that is asked for, none of a disabled endpoint. webhook_id stays the same over all attempts, also when the message is delivered again. What raises an exception is ended as failed (internal_error; too_large), and costs none of the others. Nothing to do: no row. ETL04: bad argument.';

revoke execute on function etl_api.claim_deliveries(text, int) from public;
grant execute on function etl_api.claim_deliveries(text, int) to service_role;
