create or replace function etl_api.end_silent_generations(max_rows int default 1000) returns bigint
language plpgsql
set search_path = ''
-- By the index of what is open, which is in order, whatever the tables were like when the plan was made.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  silence constant interval := etl_api.time_limit(null, 'generation_silence_seconds');
  why constant text := pg_catalog.format('Nothing was heard of the generator for %s', etl_api.explain_span(silence));
  job public.ai_generation_jobs;
  ended bigint := 0;
begin
  -- A loop, for each is told by itself; they are few.
  for job in
    update public.ai_generation_jobs as j
    set status = case when j.completed_records > 0 then 'completed' else 'failed' end,
        stage = case when j.completed_records > 0 then 'completed' else 'failed' end,
        error_message = why,
        updated_at = moment,
        completed_at = moment
    where j.id in (
      select silent.id
      from public.ai_generation_jobs as silent
      where silent.status in ('pending', 'processing')
        and silent.stage <> 'preview'
        and silent.updated_at <= moment - silence
        -- What is staged waits for people, in a preview or because only a part of it was confirmed; and what a request
        -- brings, for its end.
        and (select true from public.ai_generated_records as g where g.job_id = silent.id and g.status = 'staged' limit 1) is null
        and (select true from public.workflow_request as w where w.id = silent.workflow_request_id and w.is_open limit 1) is null
      order by silent.updated_at
      limit max_rows
      for update of silent skip locked)
    returning j.*
  loop
    perform etl_api.tell_progress(job, case job.status when 'completed' then 'complete' else 'failed' end,
      case job.status when 'completed' then pg_catalog.format('%s; %s of %s records are in', why, job.completed_records, job.total_records)
        else why end,
      case job.status when 'completed' then 'warning' else 'error' end, null, job.completed_records, job.total_records);
    ended := ended + 1;
  end loop;
  return ended;
end
$$;

comment on function etl_api.end_silent_generations(int) is
  'Ends generations of which nothing was heard for generation_silence_seconds: completed where something is in, failed where nothing is. Those that wait for people (preview) or for a request are none of them. What comes later is taken all the same. At most max_rows; returns how many. Part of recover().';

revoke execute on function etl_api.end_silent_generations(int) from public;
grant execute on function etl_api.end_silent_generations(int) to service_role;
