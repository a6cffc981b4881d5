create or replace function etl_api.resolve_activities(activities etl_api.requested_activity[])
returns setof etl_api.requested_activity
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; see read_activities.
set enable_seqscan = off
set jit = off
as $$
begin
  -- A thousand requests for one activity ask one question: each different one is answered once (offset 0 keeps
  -- the answers from being looked up for every member).
  return query
  select m.id, m.org_id, m.workflow_request_id, m.activity_key, m.body, m.activity_id, m.activity_name,
    m.activity_type, m.object_type_id, m.workflow_phase, m.config, m.max_objects, m.datapoints,
    q.datapoint_ids, m.allowed_source_ids, q.unknown_source_ids, q.source_ids, m.targets,
    m.on_failure
  from (
    select d.members, d.datapoint_ids,
      etl_api.unknown_source_ids(d.org_id, d.allowed_source_ids) as unknown_source_ids,
      etl_api.serving_source_ids(
        d.org_id, d.activity_type, d.object_type_id, d.datapoint_ids, d.allowed_source_ids) as source_ids
    from (
      select g.*, etl_api.visible_datapoint_ids(g.org_id, g.object_type_id, g.datapoints) as datapoint_ids
      from (
        select a.org_id, a.activity_type, a.object_type_id, a.datapoints, a.allowed_source_ids,
          pg_catalog.array_agg(a) as members
        from pg_catalog.unnest(activities) as a
        group by a.org_id, a.activity_id, a.activity_type, a.object_type_id, a.datapoints, a.allowed_source_ids
      ) as g
      offset 0
    ) as d
    offset 0
  ) as q
  cross join lateral pg_catalog.unnest(q.members) as m;
end
$$;

comment on function etl_api.resolve_activities(etl_api.requested_activity[]) is
  'Fills in what the activities ask for and who can answer: datapoint_ids (in the order of datapoints, null where the name is unknown), source_ids, unknown_source_ids.';

revoke execute on function etl_api.resolve_activities(etl_api.requested_activity[]) from public;
grant execute on function etl_api.resolve_activities(etl_api.requested_activity[]) to service_role;
