create or replace function etl_api.stage_generated_records(job_id uuid, records jsonb) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
begin
  if pg_catalog.jsonb_typeof(records) is distinct from 'array' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('records is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(records), 'null')),
      hint = 'Give [{"name", "fields": [{"name", "value", "confidence", "source"}]}] or flat objects.';
  end if;
  return etl_api.stage_records(job, records);
end
$$;

comment on function etl_api.stage_generated_records(uuid, jsonb) is
  'Keeps what a job generated for somebody to look at, edit and confirm; called again for the same places it replaces what is there, but for what is in already. Returns how many. ETL04: bad arguments, or no such job; ETL06: the caller may not.';

revoke execute on function etl_api.stage_generated_records(uuid, jsonb) from public;
grant execute on function etl_api.stage_generated_records(uuid, jsonb) to authenticated, service_role;
