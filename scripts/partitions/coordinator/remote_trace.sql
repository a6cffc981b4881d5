create or replace function etl_route.remote_trace(partition_no int, caller jsonb, org_id uuid, id uuid)
returns table (
  at timestamptz, entity text, entity_id uuid, from_state text, to_state text, substate text, level text, station text,
  message text, context jsonb)
language plproxy
set search_path = ''
as $$
  cluster 'millrace';
  run on partition_no;
  select t.at, t.entity, t.entity_id, t.from_state, t.to_state, t.substate, t.level, t.station, t.message, t.context
  from etl_partition.trace(caller, org_id, id) as t;
$$;

comment on function etl_route.remote_trace(int, jsonb, uuid, uuid) is 'etl_partition.trace on a partition.';

revoke execute on function etl_route.remote_trace(int, jsonb, uuid, uuid) from public;
grant execute on function etl_route.remote_trace(int, jsonb, uuid, uuid) to millrace_router;
