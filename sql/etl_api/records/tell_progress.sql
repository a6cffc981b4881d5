create or replace function etl_api.tell_progress(
  job public.ai_generation_jobs, stage text, message text, type text default 'info', company text default null,
  current int default null, total int default null) returns void
language plpgsql
set search_path = ''
as $$
declare
  place bigint;
begin
  insert into public.ai_generation_events (job_id, organization_id, stage, message, type, company, current, total, percentage, at)
  values (job.id, job.organization_id, tell_progress.stage, tell_progress.message, tell_progress.type, tell_progress.company,
    tell_progress.current, tell_progress.total, pg_catalog.round(100.0 * tell_progress.current / nullif(tell_progress.total, 0)), utils.now())
  returning seq into place;
  -- It only says where to look: the row is what happened.
  perform pg_catalog.pg_notify('etl_records', pg_catalog.concat(job.id, ' ', place));
end
$$;

comment on function etl_api.tell_progress(public.ai_generation_jobs, text, text, text, text, int, int) is
  'Writes down what happened to a job, and tells those who listen on etl_records: "<job id> <seq>".';

revoke execute on function etl_api.tell_progress(public.ai_generation_jobs, text, text, text, text, int, int) from public;
grant execute on function etl_api.tell_progress(public.ai_generation_jobs, text, text, text, text, int, int) to service_role;
