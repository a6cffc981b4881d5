create or replace function etl_api.guard_tells(entity etl_api.entity_kind, moves etl_api.state_move[], at timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- A NOTIFY carries less than 8,000 bytes: 36 and 3 more for each id, and up to 1,000 for what they share. Rows of
  -- many tenants go into one, since each costs microseconds.
  perform pg_catalog.pg_notify('etl_state', pg_catalog.concat(
    '{"entity":"', entity, '","states":["', pg_catalog.array_to_string(pg_catalog.array_append(m.via, m.to_state), '","'),
    '"],"substate":', coalesce(pg_catalog.to_json(pg_catalog."left"(m.substate, 100))::text, 'null'),
    ',"at":', pg_catalog.to_json(guard_tells.at),
    ',"org_ids":["', case when m.of_one then m.org_ids[1]::text
      else pg_catalog.array_to_string(m.org_ids[s.first : s.first + m.size - 1], '","') end,
    '"],"ids":["', pg_catalog.array_to_string(m.ids[s.first : s.first + m.size - 1], '","'),
    case when entity <> 'workflow_request' then
      '"],"workflow_request_ids":["' || pg_catalog.array_to_string(m.workflow_request_ids[s.first : s.first + m.size - 1], '","')
    end,
    '"]}'))
  from (
    select t.*, 6800 / (39 * ((entity <> 'workflow_request')::int + (not t.of_one)::int + 1)) as size
    from (
      select given.*, given.org_ids[1] = all (given.org_ids) as of_one
      from pg_catalog.unnest(moves) with ordinality
        as given (ids, org_ids, workflow_request_ids, moved, from_state, from_substate, via, to_state, substate, has_errors, reason, place)
    ) as t
  ) as m
  cross join lateral pg_catalog.generate_series(1, pg_catalog.cardinality(m.ids), m.size) as s (first)
  order by m.place, s.first;

  if pg_catalog.to_regprocedure('realtime.send(jsonb,text,text,boolean)') is not null then
    perform etl_api.guard_broadcasts(entity, moves, at);
  end if;
end
$$;

comment on function etl_api.guard_tells(etl_api.entity_kind, etl_api.state_move[], timestamptz) is
  'Tells who listens of steps of workflow or activity requests: NOTIFY etl_state with {entity, states, substate, at, org_ids, ids, workflow_request_ids}, rows that took the same steps together, in order, each at most 7,900 bytes; org_ids holds one id where it is that of all. And by Realtime where it is there.';

revoke execute on function etl_api.guard_tells(etl_api.entity_kind, etl_api.state_move[], timestamptz) from public;
