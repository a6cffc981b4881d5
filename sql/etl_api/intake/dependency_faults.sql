create or replace function etl_api.dependency_faults(activities etl_api.requested_activity[])
returns table (workflow_request_id uuid, code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  with edge as materialized (
    select *
    from etl_api.activity_edges(activities) as e
  )
  select e.workflow_request_id, 'unknown_activity',
    etl_api.json_path('data', e.from_key, 'destination', 'activity', 'id') || e.place, pg_catalog.to_jsonb(e.target),
    pg_catalog.format('No activity of this request has the id %s.', e.target),
    'Give the id of another activity of this request.'
  from edge as e
  where e.to_id is null
  union all
  select e.workflow_request_id, 'dependency_order',
    etl_api.json_path('data', e.from_key, 'destination', 'activity', 'id') || e.place, pg_catalog.to_jsonb(e.target),
    pg_catalog.format('The activity %s of phase %s hands its objects to %s of phase %s, which is over by then.',
      etl_api.shorten_json(pg_catalog.to_jsonb(e.from_key)), e.from_phase,
      etl_api.shorten_json(pg_catalog.to_jsonb(e.to_key)), e.to_phase),
    'Put the taking activity into the same or a later phase.'
  from edge as e
  where e.to_phase < e.from_phase
  union all
  select c.workflow_request_id, 'dependency_cycle', c.path, c.found,
    pg_catalog.format('These activities wait for each other, so none can start: %s.', c.way),
    'Take one of the activities out of the circle.'
  from (
    -- An edge to an earlier phase is a fault of its own, and one to a later phase closes no circle.
    select pg_catalog.array_agg(e.workflow_request_id || e.from_key) as from_nodes,
      pg_catalog.array_agg(e.workflow_request_id || e.to_key) as to_nodes
    from edge as e
    where e.from_phase = e.to_phase
  ) as g
  cross join lateral (
    select (pg_catalog.array_agg(n.workflow_request_id))[1] as workflow_request_id,
      etl_api.json_path('data', (pg_catalog.array_agg(n.key order by n.place))[1], 'destination', 'activity', 'id') as path,
      etl_api.shorten_json(pg_catalog.jsonb_agg(n.key order by n.place)) as found,
      pg_catalog.left(pg_catalog.string_agg(n.key, ' → ' order by n.place), 500)
        || ' → ' || pg_catalog.left((pg_catalog.array_agg(n.key order by n.place))[1], 100) as way
    from (
      select circle.nr, circle.place, pg_catalog.left(circle.node, 36)::uuid as workflow_request_id,
        pg_catalog.substr(circle.node, 37) as key
      from etl_api.dependency_cycles(g.from_nodes, g.to_nodes) as circle
    ) as n
    group by n.nr
  ) as c;
end
$$;

comment on function etl_api.dependency_faults(etl_api.requested_activity[]) is
  'What is wrong with who waits for whom: an id that no activity of the request has, an activity of an earlier phase, a circle.';

revoke execute on function etl_api.dependency_faults(etl_api.requested_activity[]) from public;
grant execute on function etl_api.dependency_faults(etl_api.requested_activity[]) to service_role;
