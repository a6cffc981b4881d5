create or replace function etl_partition.send_test_event(caller jsonb, org_id uuid, endpoint_id uuid) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  perform etl_partition.check_endpoint(caller, org_id, endpoint_id);
  return etl_api.send_test_event(endpoint_id);
end
$$;

comment on function etl_partition.send_test_event(jsonb, uuid, uuid) is
  'etl_api.send_test_event for the caller, to an endpoint of an org.';

revoke execute on function etl_partition.send_test_event(jsonb, uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function etl_partition.send_test_event(jsonb, uuid, uuid) to millrace_coordinator;
