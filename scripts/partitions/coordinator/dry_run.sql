create or replace function etl_api.dry_run(org_id uuid, data jsonb) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  place constant int := etl_route.partition_of(org_id);
  plan jsonb;
  detail text;
  hint text;
begin
  begin
    plan := etl_route.remote_dry_run(place, etl_route.caller(), org_id, data);
  exception when others then
    get stacked diagnostics detail = pg_exception_detail, hint = pg_exception_hint;
    perform etl_route.fail(etl_route.partition_name(place), sqlstate, sqlerrm, detail, hint);
  end;
  return plan;
end
$$;

alter function etl_api.dry_run(uuid, jsonb) owner to millrace_router;

comment on function etl_api.dry_run(uuid, jsonb) is
  'The HTTP requests a workflow request would send, as the engine''s dry_run renders them on the tenant''s partition. ETL08: it cannot be reached.';

revoke execute on function etl_api.dry_run(uuid, jsonb) from public;
grant execute on function etl_api.dry_run(uuid, jsonb) to authenticated, service_role;
