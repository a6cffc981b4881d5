create or replace function etl_api.start_generation(table_id uuid, request jsonb default '{}', total_records int default 0) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
  of_table constant public.tables := etl_api.find_own_table(table_id);
  job public.ai_generation_jobs;
begin
  if coalesce(total_records, 0) < 0 or pg_catalog.jsonb_typeof(request) is distinct from 'object' then
    raise exception using
      errcode = 'ETL04',
      message = case when coalesce(total_records, 0) < 0 then 'total_records is less than nothing' else 'request must be an object' end,
      hint = 'Give what was asked for as an object, and how many records, 0 when nobody knows.';
  end if;
  insert into public.ai_generation_jobs (organization_id, table_id, request, total_records, created_by, created_at, updated_at)
  values (of_table.organization_id, of_table.id, request, coalesce(total_records, 0), auth.uid(), utils.now(), utils.now())
  returning * into job;
  perform etl_api.tell_progress(job, 'pending', 'Generation started');
  return job.id;
end
$$;

comment on function etl_api.start_generation(uuid, jsonb, int) is
  'Begins a generation of records for a table; returns the job. ETL04: bad arguments, or no such table; ETL05: the table was deleted; ETL06: the caller may not.';

revoke execute on function etl_api.start_generation(uuid, jsonb, int) from public;
grant execute on function etl_api.start_generation(uuid, jsonb, int) to authenticated, service_role;
