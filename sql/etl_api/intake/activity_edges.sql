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
  select g.workflow_request_id, f.org_id, f.id, f.activity_key, f.workflow_phase, g.places[f.ordinality], g.target,
    t.id, t.activity_key, t.workflow_phase
  from (
    select n.workflow_request_id, n.target,
      pg_catalog.array_agg(n.activity) filter (where n.place is not null) as sources,
      pg_catalog.array_agg(n.place) filter (where n.place is not null) as places,
      pg_catalog.array_agg(n.activity) filter (where n.place is null) as targets
    from (
      select a.workflow_request_id, a.activity_id as target, a as activity, null as place
      from pg_catalog.unnest(activities) as a
      where a.activity_id is not null
      union all
      select a.workflow_request_id, e.target, a, e.place
      from pg_catalog.unnest(activities) as a
      cross join lateral (
        select named.target, pg_catalog.min(named.place) as place
        from (
          select
            case when pg_catalog.jsonb_typeof(t.value) = 'string' and etl_api.is_uuid(t.value #>> '{}')
              then (t.value #>> '{}')::uuid end as target,
            case when pg_catalog.jsonb_typeof(a.body #> '{destination,activity,id}') = 'array'
              then '[' || t.place - 1 || ']' else '' end as place
          from pg_catalog.jsonb_array_elements(a.targets) with ordinality as t (value, place)
          where t.place <= 1000
        ) as named
        where named.target is not null
        group by named.target
      ) as e
    ) as n
    group by n.workflow_request_id, n.target
  ) as g
  cross join lateral pg_catalog.unnest(g.sources) with ordinality as f
  left join lateral pg_catalog.unnest(g.targets) as t
    on t.id <> f.id or pg_catalog.cardinality(g.targets) = 1;
end
$$;

comment on function etl_api.activity_edges(etl_api.requested_activity[]) is
  'Who hands objects to whom by destination.activity: one row for each activity and each activity of the id it names; to_id is null when the request has none. An activity hands to itself only when nobody else has the id.';

revoke execute on function etl_api.activity_edges(etl_api.requested_activity[]) from public;
grant execute on function etl_api.activity_edges(etl_api.requested_activity[]) to service_role;
