create or replace function etl_api.insert_generated_records(
  job_id uuid, records jsonb, table_id uuid, organization_id uuid default null, user_id uuid default null,
  selected_indices int[] default null) returns jsonb
language plpgsql
security definer
set search_path = ''
-- A lot and what triggers are told of it stay in memory.
set work_mem = '64MB'
-- A plan for each lot would hold a copy of all records.
set plan_cache_mode = force_generic_plan
as $$
declare
  -- So many at once: what one bad record costs is tried again within its lot only.
  lot_size constant int := 5000;
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  of_table constant public.tables := etl_api.find_own_table(table_id);
  -- Taken out of its compression once, if it comes from a table, and not for each lot.
  given constant jsonb := case when pg_catalog.jsonb_typeof(records) = 'array' then records || '[]'::jsonb end;
  given_count constant int := pg_catalog.jsonb_array_length(given);
  total constant int := case when selected_indices is null then given_count else (
    select least(given_count, pg_catalog.count(distinct s.place)) from pg_catalog.unnest(selected_indices) as s (place)) end;
  taken int := 0;
  report jsonb := '{"success": 0, "failed": 0, "repeated": 0, "inserted_records": [], "errors": [], "warnings": [], "warning_count": 0}'::jsonb;
  lot etl_api.generated_record[];
begin
  perform etl_api.check_insertion(job, of_table, organization_id, user_id);
  if given_count is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('records is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(records), 'null')),
      hint = 'Give [{"name", "fields": [{"name", "value", "confidence", "source"}]}] or flat objects.';
  end if;
  perform etl_api.tell_progress(job, 'insertion', 'Analyzing generated fields...');
  if given_count > lot_size then
    -- Of which type a new field is, rows from everywhere say, not only those of the first lot.
    perform etl_api.evolve_table(of_table, array(
      select g.given - '{company_name,name,email}'::text[]
      from etl_api.read_generated(etl_api.spread_rows(given)) as g), coalesce(user_id, auth.uid()));
  end if;
  -- A loop over lots, so that memory is bounded by one of them.
  for begins in 0 .. given_count - 1 by lot_size loop
    lot := array(
      select g
      from etl_api.read_generated(given, begins, lot_size) as g
      where selected_indices is null
        or g.record_index = any (selected_indices));
    continue when lot = '{}';
    taken := taken + pg_catalog.cardinality(lot);
    report := etl_api.land_lot(lot, job, of_table, coalesce(user_id, auth.uid()), report, given_count > lot_size);
    perform etl_api.tell_landed(lot, job, report, total);
  end loop;
  perform etl_api.close_generation(job, report, given_count - taken);
  return report;
end
$$;

comment on function etl_api.insert_generated_records(uuid, jsonb, uuid, uuid, uuid, int[]) is
  'Inserts what a job generated into a table, columns it lacks first (by the table''s contract), with what is known of where each value comes from. records: [{"name", "website", "fields": [{"name", "value", "confidence", "source", "sourceUrl"}]}] or flat objects; selected_indices: only these places, from 0. A record that cannot be inserted costs only itself; one that this job has inserted before is not inserted again, so the same call may be made twice. Returns {success, failed, inserted_records, errors, warnings} and repeated: those in before. ETL04: bad arguments, or no such job or table; ETL05: the table was deleted; ETL06: the caller may not.';

revoke execute on function etl_api.insert_generated_records(uuid, jsonb, uuid, uuid, uuid, int[]) from public;
grant execute on function etl_api.insert_generated_records(uuid, jsonb, uuid, uuid, uuid, int[]) to authenticated, service_role;
