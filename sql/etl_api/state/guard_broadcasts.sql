create or replace function etl_api.guard_broadcasts(entity etl_api.entity_kind, changes etl_api.state_change[], at timestamptz)
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
        select c.org_id, i.id, i.workflow_request_id, p.state,
          case when p.place = pg_catalog.cardinality(c.states) then c.substate end as substate,
          pg_catalog.row_number() over (order by c.place, i.place, p.place) as place
        from pg_catalog.unnest($2) with ordinality as c (org_id, ids, workflow_request_ids, states, substate, place)
        cross join lateral unnest(c.ids, c.workflow_request_ids) with ordinality as i (id, workflow_request_id, place)
        cross join lateral pg_catalog.unnest(c.states) with ordinality as p (state, place)
      ) as t
      group by t.org_id, (t.place - 1) / 500
      order by pg_catalog.min(t.place)
    ) as sent
  $sql$ using entity, changes, at;
end
$$;

comment on function etl_api.guard_broadcasts(etl_api.entity_kind, etl_api.state_change[], timestamptz) is
  'Broadcasts steps of workflow or activity requests by Supabase Realtime: private topic org:<org_id>, event state, {"changes": […]} with at most 500 steps.';

revoke execute on function etl_api.guard_broadcasts(etl_api.entity_kind, etl_api.state_change[], timestamptz) from public;
