create or replace function etl_api.answer_objects(answers etl_api.answer[])
returns table (
  run_request_id uuid, org_id uuid, activity_request_id uuid, activity_id uuid, result_role text, object_type_id uuid, source_id uuid,
  root_id uuid, place bigint, natural_key jsonb, object jsonb, raw jsonb)
language plpgsql stable
set search_path = ''
-- Lists meet by hash and rows are looked up by key, whatever the planner thinks of their number: "offset 0" leaves nothing
-- else. A way switched off but taken all the same looks so dear that it would be compiled first: no jit.
set enable_hashjoin = on
set enable_nestloop = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  with given as materialized (
    select a.run_request_id, a.org_id, a.source_id, a.root_id, a.kind, a.body, ar.*
    from unnest(answers) as a
    cross join lateral (
      select asking.id as activity_request_id, asking.activity_id, asking.result_role, asking.object_type_id
      from public.activity_request as asking
      where asking.id = a.activity_request_id
      offset 0
    ) as ar
    where a.verdict = 'map'
      and a.body is not null
  ),
  -- What a source says of a type is read once for all its answers. Where names alone lead to the objects, and they have
  -- no fields to be resolved, the names say it all; key_mappings are those of key datapoints on their own.
  reading as materialized (
    select g.source_id, g.kind, g.object_type_id, t.key_datapoints, m.mapping,
      case when m.mapping -> 'fields' is null then utils.path_names(m.mapping -> 'path') end as names,
      (
        select pg_catalog.jsonb_object_agg(d.name, ds.key_mapping_json)
        from public.datapoint as d
        cross join lateral (
          select mapped.key_mapping_json
          from public.datapoint_source as mapped
          where mapped.source_id = g.source_id
            and mapped.datapoint_id = d.id
          offset 0
        ) as ds
        where d.object_type_id = g.object_type_id
          and d.name = any (t.key_datapoints)) as key_mappings
    from (select distinct given.source_id, given.kind, given.object_type_id from given) as g
    cross join lateral (select thing.key_datapoints from public.object_type as thing where thing.id = g.object_type_id offset 0) as t
    cross join lateral (select source from public.source where source.id = g.source_id offset 0) as s (row)
    cross join lateral (
      select etl_api.answer_mapping(g.source_id, g.object_type_id, etl_api.source_template(s.row, g.kind)) as mapping
      offset 0
    ) as m
  )
  select g.run_request_id, g.org_id, g.activity_request_id, g.activity_id, g.result_role, g.object_type_id, g.source_id,
    g.root_id, n.place, etl_api.natural_key(r.key_datapoints, whole.object), whole.object, n.raw
  from given as g
  join reading as r
    on r.source_id = g.source_id
    and r.kind = g.kind
    and r.object_type_id = g.object_type_id
  cross join lateral (select g.body #> r.names as value offset 0) as node
  cross join lateral (
    select node.value as object, node.value as raw, 1::bigint as place
    where pg_catalog.jsonb_typeof(node.value) = 'object'
    union all
    select found.raw || found.object, found.raw, found.place
    from utils.jsonb_resolve_object_names(g.body, r.mapping) with ordinality as found (object, path, raw, place)
    where pg_catalog.jsonb_typeof(node.value) is distinct from 'object'
  ) as n
  cross join lateral (
    -- A key datapoint that neither the fields nor its own name give may have a mapping of its own.
    select case when r.key_mappings is null or n.object ?& r.key_datapoints then n.object
      else n.object || coalesce((
        select pg_catalog.jsonb_object_agg(k.key, utils.jsonb_resolve_value(n.raw, k.value))
        from pg_catalog.jsonb_each(r.key_mappings) as k
        where not n.object ? k.key), '{}') end as object
    offset 0
  ) as whole;
end
$$;

comment on function etl_api.answer_objects(etl_api.answer[]) is
  'The objects found in answers that are to be mapped, in their order: natural_key (null when a part is missing), object (fields named as datapoints over raw), raw (as it stood).';

revoke execute on function etl_api.answer_objects(etl_api.answer[]) from public;
grant execute on function etl_api.answer_objects(etl_api.answer[]) to service_role;
