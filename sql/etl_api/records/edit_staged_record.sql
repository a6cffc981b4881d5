create or replace function etl_api.edit_staged_record(job_id uuid, record_index int, patch jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_variable
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  edited jsonb;
begin
  if pg_catalog.jsonb_typeof(patch) is distinct from 'object' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('patch is %s: it must be an object', coalesce(pg_catalog.jsonb_typeof(patch), 'null')),
      hint = 'Give {"field": value, …}; null takes a field out.';
  end if;
  -- What somebody has written is no more as sure, or from where, as what was generated.
  update public.ai_generated_records as g
  set generated_data = (g.generated_data || patch) - array(select e.key from pg_catalog.jsonb_each(patch) as e where e.value = 'null'),
      field_confidence = g.field_confidence - array(select k.name from pg_catalog.jsonb_object_keys(patch) as k (name)),
      enriched_fields = array(select e.name from pg_catalog.unnest(g.enriched_fields) as e (name) where not patch ? e.name),
      sources = coalesce((
        select pg_catalog.jsonb_agg(s.value)
        from pg_catalog.jsonb_array_elements(g.sources) as s (value)
        where not patch ? coalesce(s.value ->> 'field', '')), '[]') || (
        select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('field', k.name, 'source', 'edited', 'by', auth.uid())), '[]')
        from pg_catalog.jsonb_object_keys(patch) as k (name)),
      status = 'staged',
      error = null,
      updated_at = utils.now()
  where g.job_id = job.id
    and g.record_index = record_index
    and g.status <> 'success'
  returning g.generated_data into edited;
  if edited is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('job %s has no staged record %s', job.id, coalesce(record_index::text, 'null')),
      hint = 'Once it is in, it is a row of records.';
  end if;
  -- What somebody works on is kept (etl_api.retention).
  update public.ai_generation_jobs as j set updated_at = utils.now() where j.id = job.id;
  return edited;
end
$$;

comment on function etl_api.edit_staged_record(uuid, int, jsonb) is
  'Changes fields of a staged record; a field that is null goes. Where they come from is then the one who edited. Returns the fields. ETL04: bad patch, or no such staged record; ETL06: the caller may not.';

revoke execute on function etl_api.edit_staged_record(uuid, int, jsonb) from public;
grant execute on function etl_api.edit_staged_record(uuid, int, jsonb) to authenticated, service_role;
