create or replace function etl_api.redeliver(id uuid) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  return etl_route.act(etl_route.partition_of_row(id, true), 'redeliver', null, id);
end
$$;

create or replace function etl_api.redeliver(org_id uuid, id uuid) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  return etl_route.act(etl_route.partition_of(org_id, true), 'redeliver', org_id, id);
end
$$;

alter function etl_api.redeliver(uuid) owner to millrace_router;
alter function etl_api.redeliver(uuid, uuid) owner to millrace_router;

comment on function etl_api.redeliver(uuid) is
  'Sends a message, or the messages of a request, again, wherever it lies: asks all partitions for the id first. Returns and raises what the engine''s redeliver does. ETL05: its tenant is being moved; ETL08: a partition cannot be reached.';
comment on function etl_api.redeliver(uuid, uuid) is
  'Sends a message, or the messages of a request, again, of a tenant: goes to its partition at once. Returns and raises what the engine''s redeliver does. ETL04: it is not the tenant''s; ETL05: the tenant is being moved; ETL08: its partition cannot be reached.';

revoke execute on function etl_api.redeliver(uuid), etl_api.redeliver(uuid, uuid) from public;
grant execute on function etl_api.redeliver(uuid), etl_api.redeliver(uuid, uuid) to authenticated, service_role;
