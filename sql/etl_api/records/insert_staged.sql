create or replace function etl_api.insert_staged(as_user uuid, of_job uuid, of_table uuid, places jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  chosen constant int[] := array(select p.value::int from pg_catalog.jsonb_array_elements_text(places) as p (value));
begin
  perform etl_api.act_for(as_user);
  perform etl_api.check_job_table(of_job, of_table);
  if not exists (
    select 1 from public.ai_generated_records as g where g.job_id = of_job and g.record_index = any (chosen))
  then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('job %s has no such records to insert', of_job),
      hint = 'Stage some first, or wait until they are generated.';
  end if;
  return etl_api.confirm_staged_records(of_job, chosen);
end
$$;

comment on function etl_api.insert_staged(uuid, uuid, uuid, jsonb) is
  'Inserts staged records at these places for the function records-insert. ETL04: no such job or places, or another table; ETL06: the user may not.';

revoke execute on function etl_api.insert_staged(uuid, uuid, uuid, jsonb) from public;
grant execute on function etl_api.insert_staged(uuid, uuid, uuid, jsonb) to service_role;
