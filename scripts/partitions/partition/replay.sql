create or replace function etl_partition.replay(
  caller jsonb, org_id uuid, endpoint_id uuid, since timestamptz, until timestamptz, delivered_too boolean)
returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  perform etl_partition.check_endpoint(caller, org_id, endpoint_id);
  return etl_api.replay(endpoint_id, since, until, delivered_too);
end
$$;

comment on function etl_partition.replay(jsonb, uuid, uuid, timestamptz, timestamptz, boolean) is
  'etl_api.replay for the caller, of an endpoint of an org.';

revoke execute on function etl_partition.replay(jsonb, uuid, uuid, timestamptz, timestamptz, boolean)
  from public, anon, authenticated, service_role;
grant execute on function etl_partition.replay(jsonb, uuid, uuid, timestamptz, timestamptz, boolean) to millrace_coordinator;
