create or replace function etl_api.note_generation(
  job_id uuid, stage text, message text, type text default 'info', company text default null, current int default null,
  total int default null) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
begin
  if stage is null or stage not in ('knowledge_extraction', 'enrichment', 'failed') then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('stage is %s: a generator is at knowledge_extraction or enrichment, or has failed',
        coalesce(pg_catalog.quote_literal(stage), 'null')),
      hint = 'The stages of insertion are told by what inserts.';
  end if;
  if message is null or type is null or type not in ('info', 'success', 'warning', 'error') then
    raise exception using
      errcode = 'ETL04',
      message = case when message is null then 'message is null: it must say what is going on'
        else pg_catalog.format('type is %s: it is info, success, warning or error', coalesce(pg_catalog.quote_literal(type), 'null')) end,
      hint = 'Nothing was told.';
  end if;
  update public.ai_generation_jobs as j
  set stage = note_generation.stage,
      status = case when note_generation.stage = 'failed' then 'failed' else 'processing' end,
      error_message = case when note_generation.stage = 'failed' then message else j.error_message end,
      total_records = greatest(j.total_records, coalesce(total, 0)),
      updated_at = utils.now(),
      completed_at = case when note_generation.stage = 'failed' then utils.now() end
  where j.id = job.id;
  perform etl_api.tell_progress(job, stage, message, type, company, current, total);
end
$$;

comment on function etl_api.note_generation(uuid, text, text, text, text, int, int) is
  'Tells how far a generator is, before anything is inserted. ETL04: no such job, stage or type, no message; ETL06: the caller may not.';

revoke execute on function etl_api.note_generation(uuid, text, text, text, text, int, int) from public;
grant execute on function etl_api.note_generation(uuid, text, text, text, text, int, int) to authenticated, service_role;
