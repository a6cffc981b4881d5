create or replace function etl_api.cancel(id uuid) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  return etl_route.act(etl_route.partition_of_row(id, true), 'cancel', null, id);
end
$$;

create or replace function etl_api.cancel(org_id uuid, id uuid) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  return etl_route.act(etl_route.partition_of(org_id, true), 'cancel', org_id, id);
end
$$;

alter function etl_api.cancel(uuid) owner to millrace_router;
alter function etl_api.cancel(uuid, uuid) owner to millrace_router;

comment on function etl_api.cancel(uuid) is
  'Cancels what has not ended, wherever it lies: asks all partitions for the id first. Returns and raises what the engine''s cancel does. ETL05: its tenant is being moved; ETL08: a partition cannot be reached.';
comment on function etl_api.cancel(uuid, uuid) is
  'Cancels what has not ended, of a tenant: goes to its partition at once. Returns and raises what the engine''s cancel does. ETL04: it is not the tenant''s; ETL05: the tenant is being moved; ETL08: its partition cannot be reached.';

revoke execute on function etl_api.cancel(uuid), etl_api.cancel(uuid, uuid) from public;
grant execute on function etl_api.cancel(uuid), etl_api.cancel(uuid, uuid) to authenticated, service_role;
