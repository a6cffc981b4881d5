create or replace function etl_api.select_staged_records(job_id uuid, indices int[], selected boolean) returns int
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_variable
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  chosen int;
begin
  update public.ai_generated_records as g
  set selected = selected,
      updated_at = utils.now()
  where g.job_id = job.id
    and (indices is null or g.record_index = any (indices))
    and g.status = 'staged'
    and g.selected <> selected;
  get diagnostics chosen = row_count;
  -- What somebody works on is kept (etl_api.retention).
  update public.ai_generation_jobs as j set updated_at = utils.now() where j.id = job.id;
  return chosen;
end
$$;

comment on function etl_api.select_staged_records(uuid, int[], boolean) is
  'Chooses which staged records go in when the job is confirmed, or leaves them out; indices null: all. Returns how many changed. ETL04: no such job; ETL06: the caller may not.';

revoke execute on function etl_api.select_staged_records(uuid, int[], boolean) from public;
grant execute on function etl_api.select_staged_records(uuid, int[], boolean) to authenticated, service_role;
