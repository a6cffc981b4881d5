create or replace function etl_api.stage_records(job public.ai_generation_jobs, records jsonb) returns int
language plpgsql
set search_path = ''
as $$
declare
  staged int;
begin
  insert into public.ai_generated_records
    (id, job_id, organization_id, record_index, generated_data, sources, field_confidence, enriched_fields, enrichment_method,
     status, error, created_at, updated_at)
  select distinct on (g.record_index) etl_api.generated_id(job.id, g.record_index), job.id, job.organization_id, g.record_index,
    g.given, g.sources, g.confidence, g.enriched, g.method, case when g.fault is null then 'staged' else 'failed' end, g.fault, utils.now(), utils.now()
  from etl_api.read_generated(records) as g
  order by g.record_index
  -- What comes again is further on than before; whether it was chosen stays.
  on conflict (job_id, record_index) do update
  set generated_data = excluded.generated_data,
      sources = excluded.sources,
      field_confidence = excluded.field_confidence,
      enriched_fields = excluded.enriched_fields,
      enrichment_method = excluded.enrichment_method,
      status = excluded.status,
      error = excluded.error,
      updated_at = excluded.updated_at
  where ai_generated_records.status <> 'success';
  get diagnostics staged = row_count;
  update public.ai_generation_jobs as j
  set stage = 'preview',
      status = 'processing',
      total_records = greatest(j.total_records, (select pg_catalog.count(*) from public.ai_generated_records as g where g.job_id = job.id)),
      updated_at = utils.now(),
      completed_at = null
  where j.id = job.id;
  perform etl_api.tell_progress(job, 'preview', pg_catalog.format('%s records to look at', staged), 'info', null, staged, null);
  return staged;
end
$$;

comment on function etl_api.stage_records(public.ai_generation_jobs, jsonb) is
  'Keeps records of a job to be looked at; see etl_api.stage_generated_records.';

revoke execute on function etl_api.stage_records(public.ai_generation_jobs, jsonb) from public;
grant execute on function etl_api.stage_records(public.ai_generation_jobs, jsonb) to service_role;
