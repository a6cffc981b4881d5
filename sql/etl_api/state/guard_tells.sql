create or replace function etl_api.guard_tells(entity etl_api.entity_kind, changes etl_api.state_change[], at timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  -- A NOTIFY carries less than 8,000 bytes: 36 and 3 more for each id, and up to 1,000 for what they share.
  size constant int := case entity when 'workflow_request' then 175 else 85 end;
begin
  perform pg_catalog.pg_notify('etl_state', pg_catalog.concat(
    '{"entity":"', entity, '","org_id":"', c.org_id, '","states":["', pg_catalog.array_to_string(c.states, '","'),
    '"],"substate":', coalesce(pg_catalog.to_json(pg_catalog."left"(c.substate, 100))::text, 'null'),
    ',"at":', pg_catalog.to_json(guard_tells.at),
    ',"ids":["', pg_catalog.array_to_string(c.ids[s.first : s.first + size - 1], '","'),
    case when entity <> 'workflow_request' then
      '"],"workflow_request_ids":["' || pg_catalog.array_to_string(c.workflow_request_ids[s.first : s.first + size - 1], '","')
    end,
    '"]}'))
  from pg_catalog.unnest(changes) with ordinality as c (org_id, ids, workflow_request_ids, states, substate, place)
  cross join lateral pg_catalog.generate_series(1, pg_catalog.cardinality(c.ids), size) as s (first)
  order by c.place, s.first;

  if pg_catalog.to_regprocedure('realtime.send(jsonb,text,text,boolean)') is not null then
    perform etl_api.guard_broadcasts(entity, changes, at);
  end if;
end
$$;

comment on function etl_api.guard_tells(etl_api.entity_kind, etl_api.state_change[], timestamptz) is
  'Tells who listens of steps of workflow or activity requests: NOTIFY etl_state with {entity, org_id, states, substate, at, ids, workflow_request_ids}, rows that took the same steps together, in order, each at most 7,900 bytes; and by Realtime where it is there.';

revoke execute on function etl_api.guard_tells(etl_api.entity_kind, etl_api.state_change[], timestamptz) from public;
