create or replace function etl_api.keep_failed_records(lot etl_api.generated_record[], job public.ai_generation_jobs) returns void
language sql
set search_path = ''
as $$
  insert into public.ai_generated_records
    (id, job_id, organization_id, record_index, generated_data, sources, field_confidence, enriched_fields, enrichment_method,
     status, error, warnings, created_at, updated_at)
  select etl_api.generated_id(job.id, l.record_index), job.id, job.organization_id, l.record_index, l.given, l.sources, l.confidence,
    l.enriched, l.method, 'failed', l.fault, l.warnings, utils.now(), utils.now()
  from pg_catalog.unnest(lot) as l
  on conflict (job_id, record_index) do update
  set status = excluded.status,
      error = excluded.error,
      warnings = excluded.warnings,
      generated_data = excluded.generated_data,
      updated_at = excluded.updated_at
  where ai_generated_records.status <> 'success'
$$;

comment on function etl_api.keep_failed_records(etl_api.generated_record[], public.ai_generation_jobs) is
  'Keeps what was generated and could not be inserted, with the reason: a later call can try it again.';

revoke execute on function etl_api.keep_failed_records(etl_api.generated_record[], public.ai_generation_jobs) from public;
grant execute on function etl_api.keep_failed_records(etl_api.generated_record[], public.ai_generation_jobs) to service_role;
