create or replace function etl_api.find_input_objects(activity_request_ids uuid[])
returns table (
  activity_request_id uuid, org_id uuid, max_objects int, object_type_id uuid, natural_key jsonb, object jsonb, path text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Where the objects sit is one question for all that ask the same sources about the same type.
  return query
  select ar.id, asked.org_id, ar.max_objects, m.object_type_id,
    etl_api.natural_key(t.key_datapoints, o.raw || o.object), o.raw || o.object, o.path
  from (
    select a.org_id, a.source_ids, a.type_id, pg_catalog.array_agg(a.id) as ids,
      pg_catalog.array_agg(a.workflow_request_id) as workflow_request_ids, pg_catalog.array_agg(a.max_objects) as limits
    from unnest(activity_request_ids) as i (id)
    cross join lateral (
      select r.id, r.org_id, r.workflow_request_id, r.source_ids, r.max_objects,
        case when r.result_role = 'input' then r.object_type_id end as type_id
      from public.activity_request as r
      where r.id = i.id
      offset 0
    ) as a
    where not exists (
      select 1
      from public.activity_dependency as d
      where d.activity_request_id = i.id
      offset 0)
    group by a.org_id, a.source_ids, a.type_id
    offset 0
  ) as asked
  cross join lateral etl_api.input_mappings(asked.org_id, asked.source_ids, asked.type_id)
    with ordinality as m (object_type_id, key_mapping_json, place)
  cross join lateral (
    select r.key_datapoints
    from public.object_type as r
    where r.id = m.object_type_id
    offset 0
  ) as t
  cross join lateral unnest(asked.ids, asked.workflow_request_ids, asked.limits) as ar (id, workflow_request_id, max_objects)
  cross join lateral (
    select r.data
    from public.workflow_request as r
    where r.id = ar.workflow_request_id
      and r.org_id = asked.org_id
      and r.replay = 0
    offset 0
  ) as w
  cross join lateral utils.jsonb_resolve_object_names(w.data, m.key_mapping_json)
    with ordinality as o (object, path, raw, place)
  order by ar.id, m.place, o.place;
end
$$;

comment on function etl_api.find_input_objects(uuid[]) is
  'The objects in the data of activity requests'' own requests, where the input mappings say they are (see input_mappings): of the type that an activity asks about, or of every type where it searches; in order. Those that take another activity''s objects have none. natural_key is null when a part of the key is missing.';

revoke execute on function etl_api.find_input_objects(uuid[]) from public;
grant execute on function etl_api.find_input_objects(uuid[]) to service_role;
