create or replace function etl_api.land_records(
  lot etl_api.generated_record[], job public.ai_generation_jobs, of_table public.tables, created_by uuid, is_planned boolean default false) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  plan record;
  rows constant jsonb[] := array(
    select l.given - '{company_name,name,email}'::text[]
    from pg_catalog.unnest(lot) with ordinality as l
    order by l.ordinality);
  bad etl_api.generated_record[];
  failed jsonb;
begin
  select p.* into plan
  from etl_api.evolve_table(of_table, rows, created_by, is_planned) as p;
  if plan.added <> '[]' then
    perform etl_api.tell_progress(job, 'insertion', pg_catalog.format('Creating %s new column%s: %s',
      pg_catalog.jsonb_array_length(plan.added), case when pg_catalog.jsonb_array_length(plan.added) > 1 then 's' end,
      (select pg_catalog.string_agg(a.value ->> 'name', ', ') from pg_catalog.jsonb_array_elements(plan.added) as a (value))));
  end if;
  lot := etl_api.prepare_records(lot, rows, of_table, plan.columns, plan.unknown);
  bad := array(select l from pg_catalog.unnest(lot) as l where l.fault is not null);
  if bad <> '{}' then
    lot := array(select l from pg_catalog.unnest(lot) as l where l.fault is null);
  end if;
  failed := (
    select pg_catalog.jsonb_object_agg(a.record_index, a.fault)
    from etl_api.insert_records_apart(lot, job, of_table,
      (select s.name from public.table_statuses as s where s.table_id = of_table.id order by s.display_order, s.created_at, s.id limit 1),
      created_by) as a);
  if failed is not null then
    bad := bad || array(
      select row(l.record_index, l.title, l.given, l.sources, l.confidence, l.enriched, l.method, l.data, l.warnings,
        failed ->> l.record_index::text)::etl_api.generated_record
      from pg_catalog.unnest(lot) as l
      where failed ? l.record_index::text);
    lot := array(select l from pg_catalog.unnest(lot) as l where not failed ? l.record_index::text);
  end if;
  if bad <> '{}' then
    perform etl_api.keep_failed_records(bad, job);
  end if;
  return etl_api.landing_report(job.id, lot, bad, plan.unknown, of_table.contract);
end
$$;

comment on function etl_api.land_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, boolean) is
  'Brings generated records into a table: columns first, then the records, those that cannot alone left out. Returns what came of it, as etl_api.insert_generated_records does.';

revoke execute on function etl_api.land_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, boolean) from public;
grant execute on function etl_api.land_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, boolean) to service_role;
