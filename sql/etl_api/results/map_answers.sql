create or replace function etl_api.map_answers(answers etl_api.answer[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  found record;
  stored_ids uuid[];
  object_ids uuid[];
  known record;
begin
  select
    pg_catalog.array_agg(o.run_request_id) as run_request_ids,
    pg_catalog.array_agg(o.org_id) as org_ids,
    pg_catalog.array_agg(o.activity_request_id) as activity_ids,
    pg_catalog.array_agg(o.object_type_id) as type_ids,
    pg_catalog.array_agg(o.source_id) as source_ids,
    pg_catalog.array_agg(o.root_id) as root_ids,
    pg_catalog.array_agg(o.natural_key) as natural_keys,
    -- Where objects were asked about, an answer speaks of these: it stores no new one.
    pg_catalog.array_agg(case when o.result_role = 'result' then o.natural_key end) as new_keys,
    pg_catalog.array_agg(o.object) as objects,
    pg_catalog.array_agg(o.raw) as raws,
    pg_catalog.count(*) filter (where o.natural_key is null and o.result_role = 'result') as keyless
  into found
  from (select * from etl_api.answer_objects(answers) as o order by o.run_request_id, o.place) as o;
  if found.objects is null then
    return 0;
  end if;
  if found.keyless > 0 then
    perform etl_api.logger('warn', 'results', 'Objects without a key in an answer were left out.',
      pg_catalog.jsonb_build_object('objects', found.keyless, 'run_request_ids', pg_catalog.to_jsonb(found.run_request_ids)));
  end if;

  stored_ids := etl_api.store_objects(found.org_ids, found.type_ids, found.new_keys);
  object_ids := etl_api.match_objects(found.org_ids, found.type_ids, found.activity_ids, found.source_ids, found.root_ids,
    found.natural_keys, stored_ids);

  perform etl_api.link_found_objects(found.org_ids, found.activity_ids, object_ids, stored_ids);

  select
    pg_catalog.array_agg(n.org_id) as org_ids,
    pg_catalog.array_agg(n.object_id) as object_ids,
    pg_catalog.array_agg(v.datapoint_id) as datapoint_ids,
    pg_catalog.array_agg(n.source_id) as source_ids,
    pg_catalog.array_agg(v.value) as "values",
    pg_catalog.array_agg(v.confidence) as confidences,
    pg_catalog.array_agg(n.run_request_id) as run_request_ids
  into known
  from unnest(
      found.org_ids, object_ids, found.type_ids, found.source_ids, found.run_request_ids, found.objects, found.raws, stored_ids)
    as n (org_id, object_id, type_id, source_id, run_request_id, object, raw, stored_id)
  join public.object_type as t on t.id = n.type_id
  cross join lateral (
    -- Every datapoint the source is mapped for, asked or not, and for a new object what its own mapping names. Of one
    -- that was asked about, the key is known.
    select d.id as datapoint_id, coalesce(ds.confidence, 1) as confidence,
      case when ds.id is not null then utils.jsonb_resolve_value(n.raw, ds.key_mapping_json) else n.object -> d.name end as value
    from public.datapoint as d
    left join public.datapoint_source as ds
      on ds.datapoint_id = d.id
      and ds.source_id = n.source_id
    where d.object_type_id = n.type_id
      and (d.org_id is null or d.org_id = n.org_id)
      and case when n.stored_id is null then ds.id is not null and d.name <> all (t.key_datapoints)
        else ds.id is not null or n.object ? d.name end
  ) as v
  where n.object_id is not null
    and v.value is not null;

  return etl_api.store_values(known.org_ids, known.object_ids, known.datapoint_ids, known.source_ids,
    known."values", known.confidences, known.run_request_ids);
end
$$;

comment on function etl_api.map_answers(etl_api.answer[]) is
  'Maps answers into objects and values with their provenance: an enrichment''s into the objects asked about, a search''s into new or known objects, linked as its results. Returns how many values were stored.';

revoke execute on function etl_api.map_answers(etl_api.answer[]) from public;
grant execute on function etl_api.map_answers(etl_api.answer[]) to service_role;
