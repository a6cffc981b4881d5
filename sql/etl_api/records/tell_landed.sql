create or replace function etl_api.tell_landed(
  lot etl_api.generated_record[], job public.ai_generation_jobs, report jsonb, total int) returns void
language plpgsql
set search_path = ''
as $$
declare
  faults constant jsonb := (
    select coalesce(pg_catalog.jsonb_object_agg(e.value ->> 'index', e.value ->> 'error'), '{}')
    from pg_catalog.jsonb_array_elements(report -> 'errors') as e (value));
  landed record;
  done int := 0;
begin
  if total > 100 then
    perform etl_api.tell_progress(job, 'insertion', pg_catalog.format('Inserted %s/%s', report ->> 'success', total),
      case when report ->> 'failed' = '0' then 'success' else 'warning' end, null, (report ->> 'success')::int, total);
    return;
  end if;
  -- A loop, since each of a few is told by itself, in its order.
  for landed in
    select l.record_index, coalesce(nullif(l.given ->> 'company_name', ''), nullif(l.given ->> 'name', ''), nullif(l.title, ''), 'Unnamed Company') as name
    from pg_catalog.unnest(lot) as l
    order by l.record_index
  loop
    if faults ? landed.record_index::text then
      perform etl_api.tell_progress(job, 'insertion',
        pg_catalog.format('Failed to insert %s: %s', landed.name, faults ->> landed.record_index::text), 'error', landed.name);
    else
      done := done + 1;
      perform etl_api.tell_progress(job, 'insertion', pg_catalog.format('Inserted %s/%s: %s', done, total, landed.name), 'success',
        landed.name, done, total);
    end if;
  end loop;
end
$$;

comment on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int) is
  'Tells what became of a lot: of up to a hundred records each, of more how far it is.';

revoke execute on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int) from public;
grant execute on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int) to service_role;
