create or replace function etl_api.staged_places(as_user uuid, of_job uuid, of_table uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  places jsonb;
begin
  perform etl_api.act_for(as_user);
  perform etl_api.check_job_table(of_job, of_table);
  select pg_catalog.jsonb_agg(g.record_index order by g.record_index) filter (where g.status = 'staged' and g.selected)
  into places
  from public.ai_generated_records as g
  where g.job_id = of_job;
  if not exists (select 1 from public.ai_generated_records as g where g.job_id = of_job) then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('job %s has no records to insert', of_job),
      hint = 'Stage some first, or wait until they are generated.';
  end if;
  -- An object: a bare array would pass for rows on the way.
  return pg_catalog.jsonb_build_object('places', coalesce(places, '[]'));
end
$$;

comment on function etl_api.staged_places(uuid, uuid, uuid) is
  'The places of the records of a job that wait and are selected, for the function records-insert. ETL04: no such job, another table, or nothing was ever staged; ETL06: the user may not.';

revoke execute on function etl_api.staged_places(uuid, uuid, uuid) from public;
grant execute on function etl_api.staged_places(uuid, uuid, uuid) to service_role;
