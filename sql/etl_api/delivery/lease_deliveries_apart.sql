create or replace function etl_api.lease_deliveries_apart(worker text, delivery_ids uuid[])
returns table (
  delivery_id uuid, webhook_id text, org_id uuid, lease_token uuid, lease_until timestamptz, url text,
  secret_name text, secret_scope text, event_type text, headers jsonb, body text, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
as $$
declare
  half constant int := pg_catalog.cardinality(delivery_ids) / 2;
  fault_state text;
  fault_message text;
begin
  begin
    -- The function hands over nothing before it has it all; so what is returned here is never half of it.
    return query
    select *
    from etl_api.lease_deliveries(worker, delivery_ids);
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  if half > 0 then
    return query
    select *
    from etl_api.lease_deliveries_apart(worker, delivery_ids[1 : half]);
    return query
    select *
    from etl_api.lease_deliveries_apart(worker, delivery_ids[half + 1 :]);
    return;
  end if;
  perform etl_api.refuse_delivery(delivery_ids[1], fault_state, fault_message);
end
$$;

comment on function etl_api.lease_deliveries_apart(text, uuid[]) is
  'Leases messages (lease_deliveries); when that fails, halves them until the one that cannot be leased stands alone, ends it (refuse_delivery) and leases the others. The caller holds their rows.';

revoke execute on function etl_api.lease_deliveries_apart(text, uuid[]) from public;
grant execute on function etl_api.lease_deliveries_apart(text, uuid[]) to service_role;
