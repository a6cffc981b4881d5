create or replace function etl_api.guard_broadcasts(entity etl_api.entity_kind, moves etl_api.state_move[], at timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Not known to the planner: schema realtime is Supabase's and may not be there. An object, since send() adds an id.
  execute $sql$
    select realtime.send(pg_catalog.jsonb_build_object('changes', sent.changes), 'state', 'org:' || sent.org_id, true)
    from (
      select t.org_id, pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'entity', $1, 'id', t.id, 'org_id', t.org_id, 'workflow_request_id', coalesce(t.workflow_request_id, t.id),
        'state', t.state, 'substate', t.substate, 'at', $3) order by t.place) as changes
      from (
        select i.org_id, i.id, i.workflow_request_id, p.state,
          case when p.place > coalesce(pg_catalog.cardinality(m.via), 0) then m.substate end as substate,
          pg_catalog.row_number() over (partition by i.org_id order by m.place, i.place, p.place) as place
        from (select t.*, pg_catalog.row_number() over () as place from pg_catalog.unnest($2) as t) as m
        cross join lateral unnest(m.ids, m.org_ids, m.workflow_request_ids) with ordinality
          as i (id, org_id, workflow_request_id, place)
        cross join lateral pg_catalog.unnest(pg_catalog.array_append(m.via, m.to_state)) with ordinality as p (state, place)
      ) as t
      group by t.org_id, (t.place - 1) / 500
      order by pg_catalog.min(t.place)
    ) as sent
  $sql$ using entity, moves, at;
end
$$;

comment on function etl_api.guard_broadcasts(etl_api.entity_kind, etl_api.state_move[], timestamptz) is
  'Broadcasts steps of workflow or activity requests by Supabase Realtime: private topic org:<org_id>, event state, {"changes": […]} with at most 500 steps.';

revoke execute on function etl_api.guard_broadcasts(etl_api.entity_kind, etl_api.state_move[], timestamptz) from public;
