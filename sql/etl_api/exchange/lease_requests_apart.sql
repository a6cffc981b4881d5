create or replace function etl_api.lease_requests_apart(worker text, run_request_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  half constant int := pg_catalog.cardinality(run_request_ids) / 2;
  fault_state text;
  fault_message text;
begin
  return etl_api.lease_requests(worker, run_request_ids);
exception when others then
  get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
  if etl_api.fault_passes(fault_state) then
    raise;
  end if;
  if half > 0 then
    return etl_api.lease_requests_apart(worker, run_request_ids[1 : half])
      || etl_api.lease_requests_apart(worker, run_request_ids[half + 1 :]);
  end if;
  perform etl_api.refuse_request(run_request_ids[1], fault_state, fault_message);
  return '{}'::uuid[];
end
$$;

comment on function etl_api.lease_requests_apart(text, uuid[]) is
  'Leases HTTP requests (lease_requests); when that fails, halves them until the one that cannot be leased stands alone, ends it (refuse_request) and leases the others. Returns the ids of those leased.';

revoke execute on function etl_api.lease_requests_apart(text, uuid[]) from public;
grant execute on function etl_api.lease_requests_apart(text, uuid[]) to service_role;
