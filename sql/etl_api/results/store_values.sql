create or replace function etl_api.store_values(
  org_ids uuid[], object_ids uuid[], datapoint_ids uuid[], source_ids uuid[],
  "values" jsonb[], confidences numeric[], run_request_ids uuid[])
returns int
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  stored int;
begin
  -- In the order of the unique index, against deadlocks; the last of several sightings in one batch wins.
  insert into public.value
    (org_id, object_id, datapoint_id, source_id, value, confidence, run_request_id, observed_at)
  select distinct on (t.object_id, t.datapoint_id, t.source_id)
    t.org_id, t.object_id, t.datapoint_id, t.source_id, t.value, t.confidence, t.run_request_id, moment
  from unnest(org_ids, object_ids, datapoint_ids, source_ids, "values", confidences, run_request_ids)
    with ordinality as t (org_id, object_id, datapoint_id, source_id, value, confidence, run_request_id, ordinal)
  where t.value is not null
    and t.value <> 'null'
  order by t.object_id, t.datapoint_id, t.source_id, t.ordinal desc
  on conflict (object_id, datapoint_id, source_id) do update
    set value = excluded.value,
        confidence = excluded.confidence,
        run_request_id = excluded.run_request_id,
        observed_at = excluded.observed_at;
  get diagnostics stored = row_count;
  return stored;
end
$$;

comment on function etl_api.store_values(uuid[], uuid[], uuid[], uuid[], jsonb[], numeric[], uuid[]) is
  'Stores values with their provenance, the latest per object, datapoint and source (null: the request''s input). JSON null is no value. Returns how many were stored.';

revoke execute on function etl_api.store_values(uuid[], uuid[], uuid[], uuid[], jsonb[], numeric[], uuid[]) from public;
grant execute on function etl_api.store_values(uuid[], uuid[], uuid[], uuid[], jsonb[], numeric[], uuid[]) to service_role;
