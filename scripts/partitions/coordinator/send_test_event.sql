create or replace function etl_api.send_test_event(org_id uuid, endpoint_id uuid) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  place constant int := etl_route.partition_of(org_id, true);
  told jsonb;
  detail text;
  hint text;
begin
  begin
    told := etl_route.remote_send_test_event(place, etl_route.caller(), org_id, endpoint_id);
  exception when others then
    get stacked diagnostics detail = pg_exception_detail, hint = pg_exception_hint;
    perform etl_route.fail(etl_route.partition_name(place), sqlstate, sqlerrm, detail, hint);
  end;
  return told;
end
$$;

alter function etl_api.send_test_event(uuid, uuid) owner to millrace_router;

comment on function etl_api.send_test_event(uuid, uuid) is
  'Sends an event endpoint.test to a tenant''s endpoint, from its partition. Returns and raises what the engine''s send_test_event does. ETL04: the endpoint is not the tenant''s; ETL05: the tenant is being moved; ETL08: its partition cannot be reached.';

revoke execute on function etl_api.send_test_event(uuid, uuid) from public;
grant execute on function etl_api.send_test_event(uuid, uuid) to authenticated, service_role;
