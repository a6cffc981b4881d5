create or replace function etl_api.tell_landed(
  lot etl_api.generated_record[], job public.ai_generation_jobs, report jsonb, total int, before int default 0) returns void
language plpgsql
set search_path = ''
as $$
declare
  faults jsonb;
  warnings jsonb;
  landed record;
  done int := before + case when total > 100 then (report ->> 'success')::int else 0 end;
begin
  if total > 100 then
    perform etl_api.tell_progress(job, 'insertion', pg_catalog.format('Inserted %s/%s', done, total),
      case when report ->> 'failed' = '0' then 'success' else 'warning' end, null, done, total);
    return;
  end if;
  select coalesce(pg_catalog.jsonb_object_agg(e.value ->> 'index', e.value ->> 'error'), '{}') into faults
  from pg_catalog.jsonb_array_elements(report -> 'errors') as e (value);
  select coalesce(pg_catalog.jsonb_object_agg(n.place, n.said), '{}') into warnings
  from (
    select w.value ->> 'index' as place, pg_catalog.string_agg(
      -- Some sentences name the field.
      case when pg_catalog.strpos(w.value ->> 'warning', w.value ->> 'field') = 0 then (w.value ->> 'field') || ': ' else '' end
        || (w.value ->> 'warning'), '; ' order by w.n) as said
    from pg_catalog.jsonb_array_elements(report -> 'warnings') with ordinality as w (value, n)
    where w.value ? 'index'
    group by 1
  ) as n;
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
      if warnings ? landed.record_index::text then
        perform etl_api.tell_progress(job, 'insertion',
          pg_catalog.format('Warning for %s: %s', landed.name, warnings ->> landed.record_index::text), 'warning', landed.name);
      end if;
      done := done + 1;
      perform etl_api.tell_progress(job, 'insertion', pg_catalog.format('Inserted %s/%s: %s', done, total, landed.name), 'success',
        landed.name, done, total);
    end if;
  end loop;
end
$$;

comment on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int, int) is
  'Tells what became of a lot: of up to a hundred records each, with what was noticed, of more how far it is. before: so many were in before this call.';

revoke execute on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int, int) from public;
grant execute on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int, int) to service_role;
