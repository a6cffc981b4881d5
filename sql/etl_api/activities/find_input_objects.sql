create or replace function etl_api.find_input_objects(activity_request_ids uuid[])
returns table (
  activity_request_id uuid, org_id uuid, max_objects int, object_type_id uuid, natural_key jsonb, object jsonb, path text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Where the objects sit is one question for all that ask the same sources about the same type (offset 0 keeps it from
  -- being asked again for each).
  return query
  select ar.id, asked.org_id, ar.max_objects, asked.object_type_id,
    etl_api.natural_key(asked.key_datapoints, o.object), o.object, o.path
  from (
    select who.*, m.object_type_id, m.key_mapping_json, m.place, t.key_datapoints,
      case when not coalesce(pg_catalog.jsonb_typeof(m.key_mapping_json) = 'object' and m.key_mapping_json ? 'fields', false)
        then utils.path_names(utils.mapping_path(m.key_mapping_json)) end as names
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
    ) as who
    cross join lateral etl_api.input_mappings(who.org_id, who.source_ids, who.type_id)
      with ordinality as m (object_type_id, key_mapping_json, place)
    cross join lateral (
      select r.key_datapoints
      from public.object_type as r
      where r.id = m.object_type_id
      offset 0
    ) as t
    offset 0
  ) as asked
  cross join lateral unnest(asked.ids, asked.workflow_request_ids, asked.limits) as ar (id, workflow_request_id, max_objects)
  cross join lateral (
    select r.data, r.data #> asked.names as node
    from public.workflow_request as r
    where r.id = ar.workflow_request_id
      and r.org_id = asked.org_id
      and r.replay = 0
    offset 0
  ) as w
  cross join lateral (
    -- What utils.jsonb_resolve_object_names does first, without a call for each request: names that lead to one object
    -- or a list of them.
    select e.value as object, e.place,
      case when pg_catalog.jsonb_typeof(w.node) = 'array' then asked.names || e.place::text else asked.names end as path
    from (
      select n.place, case when pg_catalog.jsonb_typeof(w.node) = 'array' then w.node -> n.place else w.node end as value
      from (
        select pg_catalog.generate_series(0, case pg_catalog.jsonb_typeof(w.node)
          when 'array' then pg_catalog.jsonb_array_length(w.node) - 1 when 'object' then 0 end) as place
      ) as n
      offset 0
    ) as e
    where pg_catalog.jsonb_typeof(e.value) = 'object'
    union all
    (
      select r.raw || r.object, r.place, r.path
      from utils.jsonb_resolve_object_names(w.data, asked.key_mapping_json) with ordinality as r (object, path, raw, place)
      where coalesce(pg_catalog.jsonb_typeof(w.node) not in ('array', 'object'), true)
      offset 0
    )
  ) as o
  order by ar.id, asked.place, o.place;
end
$$;

comment on function etl_api.find_input_objects(uuid[]) is
  'The objects in the data of activity requests'' own requests, where the input mappings say they are (see input_mappings): of the type that an activity asks about, or of every type where it searches; in order. Those that take another activity''s objects have none. natural_key is null when a part of the key is missing.';

revoke execute on function etl_api.find_input_objects(uuid[]) from public;
grant execute on function etl_api.find_input_objects(uuid[]) to service_role;
