create or replace function etl_api.staged_places(as_user uuid, of_job uuid, of_table uuid, chosen jsonb default null) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  wanted constant int[] := case when chosen is not null
    then array(select c.value::int from pg_catalog.jsonb_array_elements_text(chosen) as c (value)) end;
  places jsonb;
begin
  perform etl_api.act_for(as_user);
  perform etl_api.check_job_table(of_job, of_table);
  -- What is left out is nothing that the job still waits for.
  update public.ai_generated_records as g
  set selected = not g.selected,
      updated_at = utils.now()
  where g.job_id = of_job
    and g.status = 'staged'
    and g.selected <> (g.record_index = any (wanted));
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

comment on function etl_api.staged_places(uuid, uuid, uuid, jsonb) is
  'The places of the records of a job that wait and are selected, for the function records-insert; chosen, an array of places, selects these and no others. ETL04: no such job, another table, or nothing was ever staged; ETL06: the user may not.';

revoke execute on function etl_api.staged_places(uuid, uuid, uuid, jsonb) from public;
grant execute on function etl_api.staged_places(uuid, uuid, uuid, jsonb) to service_role;
