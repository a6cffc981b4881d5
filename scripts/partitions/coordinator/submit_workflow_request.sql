create or replace function etl_api.submit_workflow_request(
  org_id uuid, data jsonb, idempotency_key text default null, priority int default 0, not_before timestamptz default null,
  deadline_at timestamptz default null)
returns uuid
language plpgsql security definer
set search_path = ''
as $$
declare
  place constant int := etl_route.partition_of(org_id, true);
  made uuid;
  detail text;
  hint text;
begin
  begin
    made := etl_route.remote_submit(
      place, etl_route.caller(), org_id, data, idempotency_key, priority, not_before, deadline_at);
  exception when others then
    get stacked diagnostics detail = pg_exception_detail, hint = pg_exception_hint;
    perform etl_route.fail(etl_route.partition_name(place), sqlstate, sqlerrm, detail, hint);
  end;
  -- From its first request on a tenant has a place of its own, whatever partitions are added.
  if not exists (select from etl_route.org_partition as o where o.org_id = submit_workflow_request.org_id) then
    insert into etl_route.org_partition (org_id, partition_no)
    values (submit_workflow_request.org_id, place)
    on conflict do nothing;
  end if;
  return made;
end
$$;

alter function etl_api.submit_workflow_request(uuid, jsonb, text, int, timestamptz, timestamptz) owner to millrace_router;

comment on function etl_api.submit_workflow_request(uuid, jsonb, text, int, timestamptz, timestamptz) is
  'Inserts a workflow request on the partition of its tenant and returns its id. Committed there at once, whatever becomes of the transaction here: with an idempotency_key it can be said again. ETL05: the tenant is being moved; ETL08: its partition cannot be reached; all else as an insert into workflow_request.';

revoke execute on function etl_api.submit_workflow_request(uuid, jsonb, text, int, timestamptz, timestamptz) from public;
grant execute on function etl_api.submit_workflow_request(uuid, jsonb, text, int, timestamptz, timestamptz) to authenticated, service_role;
