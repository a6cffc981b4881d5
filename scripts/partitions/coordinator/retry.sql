create or replace function etl_api.retry(id uuid) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  return etl_route.act(etl_route.partition_of_row(id, true), 'retry', null, id);
end
$$;

create or replace function etl_api.retry(org_id uuid, id uuid) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  return etl_route.act(etl_route.partition_of(org_id, true), 'retry', org_id, id);
end
$$;

alter function etl_api.retry(uuid) owner to millrace_router;
alter function etl_api.retry(uuid, uuid) owner to millrace_router;

comment on function etl_api.retry(uuid) is
  'Takes up again what failed, timed out or was invalid, wherever it lies: asks all partitions for the id first. Returns and raises what the engine''s retry does. ETL05: its tenant is being moved; ETL08: a partition cannot be reached.';
comment on function etl_api.retry(uuid, uuid) is
  'Takes up again what failed, timed out or was invalid, of a tenant: goes to its partition at once. Returns and raises what the engine''s retry does. ETL04: it is not the tenant''s; ETL05: the tenant is being moved; ETL08: its partition cannot be reached.';

revoke execute on function etl_api.retry(uuid), etl_api.retry(uuid, uuid) from public;
grant execute on function etl_api.retry(uuid), etl_api.retry(uuid, uuid) to authenticated, service_role;
