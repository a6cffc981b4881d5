create or replace function etl_partition.trace(caller jsonb, org_id uuid, id uuid)
returns table (
  at timestamptz, entity text, entity_id uuid, from_state text, to_state text, substate text, level text, station text,
  message text, context jsonb)
language plpgsql
set search_path = ''
as $$
begin
  perform etl_partition.check_owner(caller, org_id, id);
  return query
  select t.at, t.entity::text, t.entity_id, t.from_state, t.to_state, t.substate, t.level, t.station, t.message, t.context
  from etl_api.trace(trace.id) as t;
end
$$;

comment on function etl_partition.trace(jsonb, uuid, uuid) is
  'etl_api.trace for the caller; with an org, only of what belongs to it.';

revoke execute on function etl_partition.trace(jsonb, uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function etl_partition.trace(jsonb, uuid, uuid) to millrace_coordinator;
