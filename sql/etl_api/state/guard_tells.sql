create or replace function etl_api.guard_tells(entity etl_api.entity_kind, changes etl_api.state_change[], at timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  -- What all the changes share is written once.
  head constant text := '{"entity":"' || entity || '","id":"';
  tail constant text := ',"at":' || pg_catalog.to_json(guard_tells.at) || '}';
begin
  -- A NOTIFY carries less than 8,000 bytes. An element has 900 at most, so what begins below 6,990 ends below it.
  perform pg_catalog.pg_notify('etl_state', told.batch)
  from (
    select '[' || pg_catalog.string_agg(placed.element, ',' order by placed.place) || ']' as batch
    from (
      select e.element, e.place, pg_catalog.sum(pg_catalog.octet_length(e.element) + 1) over (order by e.place) / 6990 as batch
      from (
        select c.place,
          head || c.id || '","org_id":"' || c.org_id
            || '","workflow_request_id":"' || coalesce(c.workflow_request_id, c.id)
            || '","state":"' || c.state
            || '","substate":' || coalesce(pg_catalog.to_json(pg_catalog."left"(c.substate, 100))::text, 'null') || tail as element
        from pg_catalog.unnest(changes) with ordinality as c (id, org_id, workflow_request_id, state, substate, place)
      ) as e
    ) as placed
    group by placed.batch
    order by placed.batch
  ) as told;

  if pg_catalog.to_regprocedure('realtime.send(jsonb,text,text,boolean)') is not null then
    perform etl_api.guard_broadcasts(entity, changes, at);
  end if;
end
$$;

comment on function etl_api.guard_tells(etl_api.entity_kind, etl_api.state_change[], timestamptz) is
  'Tells who listens of steps of workflow or activity requests: NOTIFY etl_state with JSON arrays of {entity, id, org_id, workflow_request_id, state, substate, at}, in order, each at most 7,900 bytes; and by Realtime where it is there.';

revoke execute on function etl_api.guard_tells(etl_api.entity_kind, etl_api.state_change[], timestamptz) from public;
