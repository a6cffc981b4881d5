create or replace function etl_api.trace(id uuid)
returns table (
  at timestamptz, entity etl_api.entity_kind, entity_id uuid, from_state text, to_state text, substate text,
  level text, station text, message text, context jsonb)
language plpgsql stable security definer
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  target constant record := etl_api.find_visible(trace.id);
begin
  return query
  select t.at, t.entity, t.entity_id, t.from_state, t.to_state, t.substate, t.level, t.station, t.message, t.context
  from (
    select h.at, 1 as kind, h.seq as place, h.entity, h.entity_id, h.from_state, h.to_state, h.substate,
      null as level, null as station, h.reason as message, null::jsonb as context
    from (
      -- The message of an alert belongs to no request.
      select p.entity, p.id from etl_api.trace_rows(target.workflow_request_id) as p where p.id is not null
      union all
      select target.entity, trace.id where target.workflow_request_id is null
    ) as p
    join etl_api.state_history as h
      on h.entity = p.entity
      and h.entity_id = p.id
    union all
    select l.at, 2, l.id, l.entity, l.entity_id, null, null, null, l.level, l.station, l.message, l.context
    from etl_api.etl_log as l
    where case when target.workflow_request_id is null then l.entity_id = trace.id
      else l.trace_id = target.workflow_request_id end
      and l.org_id = target.org_id
  ) as t
  order by t.at, t.kind, t.place;
end
$$;

comment on function etl_api.trace(uuid) is
  'Everything that happened to one workflow request and all below it, in order of time: each step of a row (from_state, to_state, message: the reason) and each entry of the log (level, station, message, context). Any id of the request will do. ETL04: no such request.';

revoke execute on function etl_api.trace(uuid) from public;
grant execute on function etl_api.trace(uuid) to authenticated, service_role;
