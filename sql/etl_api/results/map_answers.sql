create or replace function etl_api.map_answers(answers etl_api.answer[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  found record;
  stored_ids uuid[];
  are_new boolean[];
  object_ids uuid[];
  links record;
  stored_values int;
begin
  perform pg_catalog.set_config('etl.max_matches', etl_api.limit_of('max_matches')::text, true);
  select
    pg_catalog.array_agg(o.run_request_id) as run_request_ids,
    pg_catalog.array_agg(o.org_id) as org_ids,
    pg_catalog.array_agg(o.activity_request_id) as activity_ids,
    pg_catalog.array_agg(o.object_type_id) as type_ids,
    pg_catalog.array_agg(o.source_id) as source_ids,
    pg_catalog.array_agg(o.root_id) as root_ids,
    pg_catalog.array_agg(o.natural_key) as natural_keys,
    pg_catalog.array_agg(case when o.result_role = 'result' then o.natural_key end) as new_keys,
    pg_catalog.bool_or(o.result_role = 'result') as searched,
    pg_catalog.array_agg(o.object) as objects,
    pg_catalog.array_agg(o.raw) as raws,
    pg_catalog.array_agg(o.run_request_id) filter (where o.natural_key is null and o.result_role = 'result') as keyless
  into found
  from (select * from etl_api.answer_objects(answers) as o order by o.run_request_id, o.place) as o;
  if found.objects is null then
    return 0;
  end if;
  if pg_catalog.cardinality(found.objects) > 1000 then
    perform etl_api.check_object_matches(found.run_request_ids);
  end if;
  if found.keyless is not null then
    perform etl_api.logger_keyless(found.keyless);
  end if;

  -- Where objects were asked about, an answer speaks of these: it stores no new one.
  if found.searched then
    select s.object_ids, s.are_new into stored_ids, are_new
    from etl_api.store_objects(found.org_ids, found.type_ids, found.new_keys) as s;
  end if;
  object_ids := etl_api.match_objects(found.org_ids, found.type_ids, found.activity_ids, found.source_ids, found.root_ids,
    found.natural_keys, stored_ids);

  stored_values := etl_api.store_answer_values(found.org_ids, found.activity_ids, object_ids, found.type_ids,
    found.source_ids, found.run_request_ids, found.objects, found.raws, stored_ids);

  -- After the values: they decide which objects qualify.
  select pg_catalog.array_agg(t.activity_id) as activity_ids, pg_catalog.array_agg(t.object_id) as object_ids,
    pg_catalog.array_agg(t.is_new) as are_new, pg_catalog.array_agg(t.run_request_id) as run_request_ids
  into links
  from unnest(found.activity_ids, stored_ids, are_new, found.run_request_ids)
    as t (activity_id, object_id, is_new, run_request_id)
  where t.object_id is not null;
  if links.object_ids is not null then
    perform etl_api.link_found_objects(links.activity_ids, links.object_ids, links.are_new, links.run_request_ids);
  end if;
  return stored_values;
end
$$;

comment on function etl_api.map_answers(etl_api.answer[]) is
  'Maps answers into objects and values with their provenance: into the objects asked about, or, for a search, into new or known objects, linked as its results. Guardrails decide what is accepted. Returns how many values were stored.';

revoke execute on function etl_api.map_answers(etl_api.answer[]) from public;
grant execute on function etl_api.map_answers(etl_api.answer[]) to service_role;
