create or replace function etl_api.answer_objects(answers etl_api.answer[])
returns table (
  run_request_id uuid, org_id uuid, activity_request_id uuid, activity_id uuid, result_role text, object_type_id uuid, source_id uuid,
  root_id uuid, place bigint, natural_key jsonb, object jsonb, raw jsonb)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select a.run_request_id, a.org_id, ar.id, ar.activity_id, ar.result_role, ar.object_type_id, a.source_id, a.root_id, n.place,
    etl_api.natural_key(t.key_datapoints, whole.object), whole.object, n.raw
  from unnest(answers) as a
  join public.activity_request as ar on ar.id = a.activity_request_id
  join public.object_type as t on t.id = ar.object_type_id
  join public.source as s on s.id = a.source_id
  cross join lateral (
    select etl_api.answer_mapping(s.id, ar.object_type_id, etl_api.source_template(s, a.kind)) as mapping
  ) as m
  cross join lateral (
    select found.object, found.raw, pg_catalog.row_number() over () as place
    from utils.jsonb_resolve_object_names(a.body, m.mapping) as found
  ) as n
  cross join lateral (
    -- A key datapoint that neither the fields nor its own name give may have a mapping of its own.
    select case when (n.raw || n.object) ?& t.key_datapoints then n.raw || n.object
      else n.raw || n.object || coalesce((
        select pg_catalog.jsonb_object_agg(d.name, utils.jsonb_resolve_value(n.raw, ds.key_mapping_json))
        from public.datapoint_source as ds
        join public.datapoint as d on d.id = ds.datapoint_id
        where ds.source_id = s.id
          and d.object_type_id = t.id
          and d.name = any (t.key_datapoints)
          and not (n.raw || n.object) ? d.name), '{}') end as object
  ) as whole
  where a.verdict = 'map'
    and a.body is not null;
end
$$;

comment on function etl_api.answer_objects(etl_api.answer[]) is
  'The objects found in answers that are to be mapped, in their order: natural_key (null when a part is missing), object (fields named as datapoints over raw), raw (as it stood).';

revoke execute on function etl_api.answer_objects(etl_api.answer[]) from public;
grant execute on function etl_api.answer_objects(etl_api.answer[]) to service_role;
