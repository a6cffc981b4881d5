create or replace function etl_api.insert_records(
  lot etl_api.generated_record[], job public.ai_generation_jobs, of_table public.tables, status text, created_by uuid) returns void
language sql
set search_path = ''
as $$
  -- The ids of etl_api.generated_id, without a call for each.
  with i as materialized (
    select pg_catalog."left"(etl_api.generated_id(job.id, 0)::text, 28) as head, utils.now() as moment
  ), landed as (
    insert into public.records
      (id, table_id, organization_id, name, email, company, status, data, created_by, is_ai_generated, ai_generation_job_id,
       created_at, updated_at)
    select (i.head || pg_catalog.lpad(pg_catalog.to_hex(s.record_index), 8, '0'))::uuid, of_table.id, of_table.organization_id, n.name, s.given ->> 'email', coalesce(nullif(s.given ->> 'company_name', ''), n.name),
      insert_records.status, s.data, insert_records.created_by, true, job.id, i.moment, i.moment
    from pg_catalog.unnest(lot) as s
    cross join i
    cross join lateral (
      select coalesce(nullif(s.given ->> 'company_name', ''), nullif(s.given ->> 'name', ''), nullif(s.title, ''), 'Unnamed Company') as name
    ) as n
  )
  insert into public.ai_generated_records
    (id, job_id, organization_id, record_index, generated_data, sources, field_confidence, enriched_fields, enrichment_method,
     status, record_id, warnings, created_at, updated_at)
  select (i.head || pg_catalog.lpad(pg_catalog.to_hex(s.record_index), 8, '0'))::uuid, job.id, job.organization_id, s.record_index, s.given, s.sources, s.confidence, s.enriched, s.method,
    'success', (i.head || pg_catalog.lpad(pg_catalog.to_hex(s.record_index), 8, '0'))::uuid, s.warnings, i.moment, i.moment
  from pg_catalog.unnest(lot) as s
  cross join i
  on conflict (job_id, record_index) do update
  set status = 'success',
      record_id = excluded.record_id,
      generated_data = excluded.generated_data,
      sources = excluded.sources,
      field_confidence = excluded.field_confidence,
      enriched_fields = excluded.enriched_fields,
      enrichment_method = excluded.enrichment_method,
      error = null,
      warnings = excluded.warnings,
      updated_at = excluded.updated_at
$$;

comment on function etl_api.insert_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) is
  'Inserts prepared records, and what is known of where they come from, in one statement, all or none.';

revoke execute on function etl_api.insert_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) from public;
grant execute on function etl_api.insert_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, text, uuid) to service_role;
