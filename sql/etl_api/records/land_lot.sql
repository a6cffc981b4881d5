create or replace function etl_api.land_lot(
  lot etl_api.generated_record[], job public.ai_generation_jobs, of_table public.tables, created_by uuid, report jsonb, is_planned boolean default false) returns jsonb
language plpgsql
set search_path = ''
-- A plan for each lot would hold a copy of it for each place where it stands.
set plan_cache_mode = force_generic_plan
as $$
declare
  left_over record;
begin
  select l.* into left_over from etl_api.leave_out_inserted(lot, job.id) as l;
  report := etl_api.add_reports(report, pg_catalog.jsonb_build_object(
    'success', pg_catalog.cardinality(left_over.repeated), 'failed', 0,
    'repeated', pg_catalog.cardinality(left_over.repeated),
    'inserted_records', pg_catalog.to_jsonb(left_over.repeated),
    'errors', '[]'::jsonb,
    'warnings', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('index', c.place, 'warning',
        'this record of the job is in already, with other values, and stays; a job that inserts in parts gives each record its record_index')), '[]')
      from pg_catalog.unnest(left_over.changed) as c (place))));
  if left_over.lot = '{}' then
    return report;
  end if;
  return etl_api.add_reports(report, etl_api.land_records(left_over.lot, job, of_table, created_by, is_planned));
end
$$;

comment on function etl_api.land_lot(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, jsonb, boolean) is
  'Lands a lot of a job, but for what is in already, and adds what came of it to the report.';

revoke execute on function etl_api.land_lot(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, jsonb, boolean) from public;
grant execute on function etl_api.land_lot(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, jsonb, boolean) to service_role;
