create or replace function etl_api.stage_generated_records(job_id uuid, records jsonb) returns int
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  staged int;
begin
  if pg_catalog.jsonb_typeof(records) is distinct from 'array' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('records is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(records), 'null')),
      hint = 'Give [{"name", "fields": [{"name", "value", "confidence", "source"}]}] or flat objects.';
  end if;
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

comment on function etl_api.stage_generated_records(uuid, jsonb) is
  'Keeps what a job generated for somebody to look at, edit and confirm; called again for the same places it replaces what is there, but for what is in already. Returns how many. ETL04: bad arguments, or no such job; ETL06: the caller may not.';

revoke execute on function etl_api.stage_generated_records(uuid, jsonb) from public;
grant execute on function etl_api.stage_generated_records(uuid, jsonb) to authenticated, service_role;
