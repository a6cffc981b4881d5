create or replace function etl_api.store_answer_values(
  org_ids uuid[], activity_request_ids uuid[], object_ids uuid[], object_type_ids uuid[], source_ids uuid[],
  run_request_ids uuid[], objects jsonb[], raws jsonb[], stored_ids uuid[])
returns int
language plpgsql
set search_path = ''
as $$
declare
  known record;
begin
  select
    pg_catalog.array_agg(v.org_id) as org_ids,
    pg_catalog.array_agg(v.activity_request_id) as activity_ids,
    pg_catalog.array_agg(v.object_id) as object_ids,
    pg_catalog.array_agg(v.datapoint_id) as datapoint_ids,
    pg_catalog.array_agg(v.source_id) as source_ids,
    pg_catalog.array_agg(v.value) as "values",
    pg_catalog.array_agg(v.confidence) as confidences,
    pg_catalog.array_agg(v.run_request_id) as run_request_ids,
    pg_catalog.array_agg(v.is_asked) as are_asked
  into known
  from etl_api.answer_values(
    org_ids, activity_request_ids, object_ids, object_type_ids, source_ids, run_request_ids, objects, raws, stored_ids) as v;

  perform etl_api.check_value_counts(known.object_ids, known.run_request_ids);
  -- What is found is known, whether it qualifies or not; of what was asked about, only accepted values are stored.
  if true = any (known.are_asked) and etl_api.has_factors(activity_request_ids, true) then
    known."values" := etl_api.refuse_values(known.activity_ids, known.object_ids, known.datapoint_ids, known.source_ids,
      known."values", known.run_request_ids, known.are_asked);
  end if;
  return etl_api.store_values(known.org_ids, known.object_ids, known.datapoint_ids, known.source_ids,
    known."values", known.confidences, known.run_request_ids);
end
$$;

comment on function etl_api.store_answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) is
  'Stores what answers say of objects (objects: fields named as datapoints, raws: as they stood, stored_ids: null where the object was asked about), without the values that guardrails refuse. Returns how many values.';

revoke execute on function etl_api.store_answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) from public;
grant execute on function etl_api.store_answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) to service_role;
