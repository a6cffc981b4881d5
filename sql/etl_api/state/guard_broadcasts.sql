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
      select c.org_id, pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'entity', $1, 'id', c.id, 'org_id', c.org_id, 'workflow_request_id', coalesce(c.workflow_request_id, c.id),
        'state', c.state, 'substate', c.substate, 'at', $3) order by c.place) as changes
      from pg_catalog.unnest($2) with ordinality as c (id, org_id, workflow_request_id, state, substate, place)
      group by c.org_id, (c.place - 1) / 500
      order by pg_catalog.min(c.place)
    ) as sent
  $sql$ using entity, changes, at;
end
$$;

comment on function etl_api.guard_broadcasts(etl_api.entity_kind, etl_api.state_change[], timestamptz) is
  'Broadcasts steps of workflow or activity requests by Supabase Realtime: private topic org:<org_id>, event state, {"changes": […]} with at most 500 steps.';

revoke execute on function etl_api.guard_broadcasts(etl_api.entity_kind, etl_api.state_change[], timestamptz) from public;
