create or replace function etl_api.check_job_table(of_job uuid, of_table uuid) returns void
language plpgsql security definer
set search_path = ''
as $$
begin
  if (etl_api.find_own_job(of_job)).table_id <> of_table then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('job %s is for another table than %s', of_job, of_table),
      hint = 'Give the table of the job.';
  end if;
end
$$;

comment on function etl_api.check_job_table(uuid, uuid) is
  'Refuses a table that is not that of a job; see etl_api.find_own_job.';

revoke execute on function etl_api.check_job_table(uuid, uuid) from public;
grant execute on function etl_api.check_job_table(uuid, uuid) to service_role;
