create or replace function etl_api.replay(
  org_id uuid, endpoint_id uuid, since timestamptz, until timestamptz default null, delivered_too boolean default false)
returns jsonb
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
    told := etl_route.remote_replay(place, etl_route.caller(), org_id, endpoint_id, since, until, delivered_too);
  exception when others then
    get stacked diagnostics detail = pg_exception_detail, hint = pg_exception_hint;
    perform etl_route.fail(etl_route.partition_name(place), sqlstate, sqlerrm, detail, hint);
  end;
  return told;
end
$$;

alter function etl_api.replay(uuid, uuid, timestamptz, timestamptz, boolean) owner to millrace_router;

comment on function etl_api.replay(uuid, uuid, timestamptz, timestamptz, boolean) is
  'Sends the messages of a tenant''s endpoint that were made from "since" until before "until" again, on its partition. Returns and raises what the engine''s replay does. ETL04: the endpoint is not the tenant''s; ETL05: the tenant is being moved; ETL08: its partition cannot be reached.';

revoke execute on function etl_api.replay(uuid, uuid, timestamptz, timestamptz, boolean) from public;
grant execute on function etl_api.replay(uuid, uuid, timestamptz, timestamptz, boolean) to authenticated, service_role;
