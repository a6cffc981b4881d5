create or replace function etl_api.check_insertion(
  job public.ai_generation_jobs, of_table public.tables, organization_id uuid, user_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if job.organization_id <> of_table.organization_id or organization_id <> of_table.organization_id then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('table %s is not of the organisation of job %s', of_table.id, job.id),
      hint = 'Insert into a table of the same organisation.';
  elsif user_id <> auth.uid() then
    raise exception using
      errcode = 'ETL06',
      message = 'you may not insert in the name of somebody else',
      hint = 'Leave user_id out.';
  end if;
end
$$;

comment on function etl_api.check_insertion(public.ai_generation_jobs, public.tables, uuid, uuid) is
  'Refuses an insertion whose job, table and organisation do not belong together, or in another''s name.';

revoke execute on function etl_api.check_insertion(public.ai_generation_jobs, public.tables, uuid, uuid) from public;
