create or replace function etl_api.resolve_activities(activities etl_api.requested_activity[])
returns setof etl_api.requested_activity
language plpgsql stable
set search_path = ''
-- A plan may have been made while the tables were empty; all of them are always looked up by their keys.
set enable_seqscan = off
as $$
begin
  -- A thousand requests for one activity ask one question: each different one is answered once.
  return query
  select m.id, m.org_id, m.workflow_request_id, m.activity_key, m.body, m.activity_id, m.activity_name,
    m.activity_type, m.object_type_id, m.workflow_phase, m.config, m.max_objects, m.datapoints,
    d.ids, m.allowed_source_ids, u.ids, s.ids, m.targets
  from (
    select a.org_id, a.activity_type, a.object_type_id, a.datapoints, a.allowed_source_ids,
      pg_catalog.array_agg(a) as members
    from pg_catalog.unnest(activities) as a
    group by a.org_id, a.activity_id, a.activity_type, a.object_type_id, a.datapoints, a.allowed_source_ids
  ) as question
  cross join lateral (
    select etl_api.visible_datapoint_ids(question.org_id, question.object_type_id, question.datapoints) as ids
  ) as d
  cross join lateral (
    select array(
      select wanted.id
      from pg_catalog.unnest(question.allowed_source_ids) with ordinality as wanted (id, place)
      where not exists (
        select 1
        from public.source as s
        where s.id = wanted.id
          and (s.org_id is null or s.org_id = question.org_id))
      order by wanted.place) as ids
  ) as u
  cross join lateral (
    select etl_api.serving_source_ids(
      question.org_id, question.activity_type, question.object_type_id, d.ids, question.allowed_source_ids) as ids
  ) as s
  cross join lateral pg_catalog.unnest(question.members) as m;
end
$$;

comment on function etl_api.resolve_activities(etl_api.requested_activity[]) is
  'Fills in what the activities ask for and who can answer: datapoint_ids (in the order of datapoints, null where the name is unknown), source_ids, unknown_source_ids.';

revoke execute on function etl_api.resolve_activities(etl_api.requested_activity[]) from public;
grant execute on function etl_api.resolve_activities(etl_api.requested_activity[]) to service_role;
