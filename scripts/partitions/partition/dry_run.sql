create or replace function etl_partition.dry_run(caller jsonb, org_id uuid, data jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  perform etl_partition.become(caller);
  return etl_api.dry_run(org_id, data);
end
$$;

comment on function etl_partition.dry_run(jsonb, uuid, jsonb) is 'etl_api.dry_run for the caller.';

revoke execute on function etl_partition.dry_run(jsonb, uuid, jsonb) from public, anon, authenticated, service_role;
grant execute on function etl_partition.dry_run(jsonb, uuid, jsonb) to millrace_coordinator;
