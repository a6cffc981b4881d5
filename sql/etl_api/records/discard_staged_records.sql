create or replace function etl_api.discard_staged_records(job_id uuid) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  gone int;
begin
  delete from public.ai_generated_records as g
  where g.job_id = job.id
    and g.status <> 'success';
  get diagnostics gone = row_count;
  update public.ai_generation_jobs as j
  set stage = case when j.completed_records > 0 then 'completed' else 'pending' end,
      status = case when j.completed_records > 0 then 'completed' else 'pending' end,
      total_records = j.completed_records,
      failed_records = 0,
      error_message = null,
      updated_at = utils.now(),
      completed_at = utils.now()
  where j.id = job.id;
  perform etl_api.tell_progress(job, 'preview', pg_catalog.format('%s records discarded', gone));
  return gone;
end
$$;

comment on function etl_api.discard_staged_records(uuid) is
  'Throws away what a job has staged and not inserted, so that it can begin anew. Returns how many went. ETL04: no such job; ETL06: the caller may not.';

revoke execute on function etl_api.discard_staged_records(uuid) from public;
grant execute on function etl_api.discard_staged_records(uuid) to authenticated, service_role;
