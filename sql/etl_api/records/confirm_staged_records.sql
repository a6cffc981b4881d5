create or replace function etl_api.confirm_staged_records(job_id uuid, selected_indices int[] default null, max_records int default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
-- A lot and what triggers are told of it stay in memory.
set work_mem = '64MB'
as $$
declare
  lot_size constant int := 5000;
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  of_table constant public.tables := etl_api.find_own_table(job.table_id);
  report jsonb := '{"success": 0, "failed": 0, "repeated": 0, "inserted_records": [], "errors": [], "warnings": [], "warning_count": 0}'::jsonb;
  chosen int[] := array(
    select g.record_index
    from public.ai_generated_records as g
    where g.job_id = job.id
      and g.status <> 'success'
      and case when selected_indices is null then g.status = 'staged' and g.selected else g.record_index = any (selected_indices) end
    order by g.record_index
    limit max_records);
  repeated constant uuid[] := array(
    select g.record_id
    from public.ai_generated_records as g
    where g.job_id = job.id
      and g.status = 'success'
      and g.record_index = any (selected_indices)
    order by g.record_index);
  -- Of all that was chosen, by this call or for later ones.
  total constant int := job.completed_records + (
    select pg_catalog.count(*)
    from public.ai_generated_records as g
    where g.job_id = job.id
      and g.status <> 'success'
      and (g.status = 'staged' and g.selected or g.record_index = any (chosen)));
  lot etl_api.generated_record[];
begin
  perform etl_api.tell_progress(job, 'insertion', 'Analyzing generated fields...');
  for begins in 1 .. pg_catalog.cardinality(chosen) by lot_size loop
    lot := array(
      select row(g.record_index, null, g.generated_data, g.sources, g.field_confidence, g.enriched_fields, g.enrichment_method,
        null, null, null)::etl_api.generated_record
      from public.ai_generated_records as g
      where g.job_id = job.id
        and g.record_index = any (chosen[begins : begins + lot_size - 1])
      order by g.record_index);
    report := etl_api.land_lot(lot, job, of_table, coalesce(auth.uid(), job.created_by), report);
    perform etl_api.tell_landed(lot, job, report, total, job.completed_records);
  end loop;
  -- What went in by an earlier call is in.
  report := report || pg_catalog.jsonb_build_object(
    'success', (report ->> 'success')::int + pg_catalog.cardinality(repeated),
    'repeated', (report ->> 'repeated')::int + pg_catalog.cardinality(repeated),
    'inserted_records', report -> 'inserted_records' || pg_catalog.to_jsonb(repeated));
  perform etl_api.close_generation(job, report);
  return report;
end
$$;

comment on function etl_api.confirm_staged_records(uuid, int[], int) is
  'Inserts staged records into the table of their job: all that are selected, or those at selected_indices; at most max_records. Returns what etl_api.insert_generated_records does. ETL04: no such job; ETL05: the table was deleted; ETL06: the caller may not.';

revoke execute on function etl_api.confirm_staged_records(uuid, int[], int) from public;
grant execute on function etl_api.confirm_staged_records(uuid, int[], int) to authenticated, service_role;
