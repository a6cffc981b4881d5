create or replace function etl_api.activity_edges(activities etl_api.requested_activity[])
returns table (
  workflow_request_id uuid, org_id uuid, from_id uuid, from_key text, from_phase int,
  place text, target uuid, to_id uuid, to_key text, to_phase int)
language plpgsql stable
set search_path = ''
as $$
begin
  if not exists (select 1 from pg_catalog.unnest(activities) as a where a.targets is not null) then
    return;
  end if;

  -- Activities and the names of activities meet in groups, not in a join: no plan can go wrong on their number.
  return query
  select g.workflow_request_id, f.org_id, f.id, f.key, f.phase, f.place, g.target, t.id, t.key, t.phase
  from (
    select n.workflow_request_id, n.target,
      pg_catalog.array_agg(n.id) filter (where n.place is null) as ids,
      pg_catalog.array_agg(n.activity_key) filter (where n.place is null) as keys,
      pg_catalog.array_agg(n.workflow_phase) filter (where n.place is null) as phases,
      pg_catalog.array_agg(n.org_id) filter (where n.place is not null) as from_org_ids,
      pg_catalog.array_agg(n.id) filter (where n.place is not null) as from_ids,
      pg_catalog.array_agg(n.activity_key) filter (where n.place is not null) as from_keys,
      pg_catalog.array_agg(n.workflow_phase) filter (where n.place is not null) as from_phases,
      pg_catalog.array_agg(n.place) filter (where n.place is not null) as places
    from (
      select a.workflow_request_id, a.activity_id as target, a.id, a.org_id, a.activity_key, a.workflow_phase, null as place
      from pg_catalog.unnest(activities) as a
      where a.activity_id is not null
      union all
      select a.workflow_request_id, e.target, a.id, a.org_id, a.activity_key, a.workflow_phase, e.place
      from pg_catalog.unnest(activities) as a
      cross join lateral etl_api.named_targets(a.body #> '{destination,activity,id}') as e
      where a.targets is not null
    ) as n
    group by n.workflow_request_id, n.target
  ) as g
  cross join lateral unnest(g.from_org_ids, g.from_ids, g.from_keys, g.from_phases, g.places)
    as f (org_id, id, key, phase, place)
  left join lateral unnest(g.ids, g.keys, g.phases) as t (id, key, phase)
    on t.id <> f.id or pg_catalog.cardinality(g.ids) = 1;
end
$$;

comment on function etl_api.activity_edges(etl_api.requested_activity[]) is
  'Who hands objects to whom by destination.activity: one row for each activity and each activity of the id it names; to_id is null when the request has none. An activity hands to itself only when nobody else has the id.';

revoke execute on function etl_api.activity_edges(etl_api.requested_activity[]) from public;
grant execute on function etl_api.activity_edges(etl_api.requested_activity[]) to service_role;
