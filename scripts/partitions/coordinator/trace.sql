create or replace function etl_api.trace(id uuid)
returns table (
  at timestamptz, entity text, entity_id uuid, from_state text, to_state text, substate text, level text, station text,
  message text, context jsonb)
language plpgsql security definer
set search_path = ''
as $$
begin
  return query select t.* from etl_route.trace_on(etl_route.partition_of_row(id), null, id) as t;
end
$$;

create or replace function etl_api.trace(org_id uuid, id uuid)
returns table (
  at timestamptz, entity text, entity_id uuid, from_state text, to_state text, substate text, level text, station text,
  message text, context jsonb)
language plpgsql security definer
set search_path = ''
as $$
begin
  return query select t.* from etl_route.trace_on(etl_route.partition_of(org_id), org_id, id) as t;
end
$$;

alter function etl_api.trace(uuid) owner to millrace_router;
alter function etl_api.trace(uuid, uuid) owner to millrace_router;

comment on function etl_api.trace(uuid) is
  'Everything that happened to a request, wherever it lies, as the engine''s trace tells it: asks all partitions for the id first. ETL04: no such request; ETL08: a partition cannot be reached.';
comment on function etl_api.trace(uuid, uuid) is
  'Everything that happened to a tenant''s request, as the engine''s trace tells it: goes to its partition at once. ETL04: no such request of the tenant; ETL08: its partition cannot be reached.';

revoke execute on function etl_api.trace(uuid), etl_api.trace(uuid, uuid) from public;
grant execute on function etl_api.trace(uuid), etl_api.trace(uuid, uuid) to authenticated, service_role;
