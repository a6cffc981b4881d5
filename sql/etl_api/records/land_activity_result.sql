create or replace function etl_api.land_activity_result(job public.ai_generation_jobs, objects jsonb) returns void
language plpgsql
set search_path = ''
-- A plan for each lot would hold a copy of all records.
set plan_cache_mode = force_generic_plan
as $$
declare
  lot_size constant int := 5000;
  of_table constant public.tables := (select t from public.tables as t where t.id = job.table_id and t.deleted_at is null);
  keys constant jsonb := coalesce(job.request -> 'keys', '[]');
  records constant jsonb := etl_api.result_records(objects, keys);
  total constant int := pg_catalog.jsonb_array_length(records);
  report jsonb := '{"success": 0, "failed": 0, "repeated": 0, "inserted_records": [], "errors": [], "warnings": [], "warning_count": 0}'::jsonb;
  lot etl_api.generated_record[];
begin
  if of_table.id is null then
    raise exception using errcode = 'ETL05', message = pg_catalog.format('table %s was deleted', job.table_id);
  end if;
  -- A retry may find more, or in another order: each object keeps its place.
  update public.ai_generation_jobs as j
  set request = j.request || pg_catalog.jsonb_build_object('keys', keys || (
      select coalesce(pg_catalog.jsonb_agg(o.value -> 'key' order by o.place), '[]')
      from pg_catalog.jsonb_array_elements(objects) with ordinality as o (value, place)
      where not keys @> pg_catalog.jsonb_build_array(o.value -> 'key'))),
      total_records = greatest(j.total_records, total)
  where j.id = job.id
  returning * into job;
  if job.request ->> 'mode' = 'stage' then
    perform etl_api.stage_records(job, records);
    return;
  end if;
  perform etl_api.tell_progress(job, 'insertion', 'Analyzing generated fields...');
  for begins in 0 .. total - 1 by lot_size loop
    lot := array(
      select g
      from etl_api.read_generated(records, begins, lot_size) as g);
    report := etl_api.land_lot(lot, job, of_table, job.created_by, report);
    perform etl_api.tell_landed(lot, job, report, total);
  end loop;
  perform etl_api.close_generation(job, report);
end
$$;

comment on function etl_api.land_activity_result(public.ai_generation_jobs, jsonb) is
  'Brings the objects of an activity that has ended into the table of its job, at once or to be looked at, as the request says.';

revoke execute on function etl_api.land_activity_result(public.ai_generation_jobs, jsonb) from public;
