create or replace function etl_api.find_own_job(job_id uuid) returns public.ai_generation_jobs
language plpgsql
set search_path = ''
as $$
declare
  found_job public.ai_generation_jobs;
begin
  -- Whoever works on the same job at the same time waits here.
  select j.* into found_job
  from public.ai_generation_jobs as j
  where j.id = find_own_job.job_id
    and (auth.uid() is null or j.organization_id in (select etl_api.my_orgs()))
  for no key update;
  if found_job.id is null or not coalesce(etl_api.may_request(found_job.organization_id), false) and auth.uid() is null then
    -- Another's and none at all look the same from outside.
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no generation job %s', coalesce(job_id::text, 'null')),
      hint = 'Give the id of a row of ai_generation_jobs; etl_api.start_generation makes one.';
  elsif not etl_api.may_request(found_job.organization_id) then
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('your role in org %s only reads', found_job.organization_id),
      hint = 'An owner, admin or member of the org can do this.';
  end if;
  return found_job;
end
$$;

comment on function etl_api.find_own_job(uuid) is
  'A generation job, held until the transaction ends, if the caller may work on it: the first statement of the doors that do. ETL04: none, or of an org the caller does not belong to; ETL06: the caller only reads there.';

revoke execute on function etl_api.find_own_job(uuid) from public;
