create or replace function etl_api.close_generation(job public.ai_generation_jobs, report jsonb, left_out bigint default 0) returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  failures bigint;
  inserted constant int := job.completed_records + (report ->> 'success')::int - (report ->> 'repeated')::int;
  is_over boolean;
  total int;
begin
  -- What is staged and selected is still to come.
  select pg_catalog.count(*) filter (where g.status = 'failed'),
    left_out + pg_catalog.count(*) filter (where g.status = 'staged' and not g.selected)
  into failures, left_out
  from public.ai_generated_records as g
  where g.job_id = job.id
    and g.status <> 'success';
  total := greatest(job.total_records, inserted + failures);
  is_over := inserted + failures + left_out >= job.total_records;
  update public.ai_generation_jobs as j
  set status = case when not is_over then 'processing' when inserted > 0 or failures = 0 then 'completed' else 'failed' end,
      stage = case when not is_over then 'inserting' when inserted > 0 or failures = 0 then 'completed' else 'failed' end,
      total_records = total,
      completed_records = inserted,
      failed_records = failures,
      error_message = coalesce(report #>> '{errors,0,error}', case when failures > 0 then j.error_message end),
      updated_at = utils.now(),
      completed_at = case when is_over then coalesce(j.completed_at, utils.now()) end
  where j.id = job.id;
  if is_over then
    perform etl_api.tell_progress(job, 'complete',
      case when failures = 0 then pg_catalog.format('All %s records inserted successfully', inserted)
        else pg_catalog.format('Inserted %s/%s records (%s failed)', inserted, inserted + failures, failures) end,
      case when failures = 0 then 'success' else 'warning' end, null, inserted, (inserted + failures)::int);
  end if;
end
$$;

comment on function etl_api.close_generation(public.ai_generation_jobs, jsonb, bigint) is
  'Writes down how far a job is after an insertion that left out so many; once nothing is left it is completed, or failed where nothing went in.';

revoke execute on function etl_api.close_generation(public.ai_generation_jobs, jsonb, bigint) from public;
grant execute on function etl_api.close_generation(public.ai_generation_jobs, jsonb, bigint) to service_role;
