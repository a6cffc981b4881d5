create or replace function etl_api.landing_report(
  job_id uuid, lot etl_api.generated_record[], bad etl_api.generated_record[], unknown text[], contract text) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'success', pg_catalog.cardinality(lot),
    'failed', pg_catalog.cardinality(bad),
    'inserted_records', (
      select coalesce(pg_catalog.jsonb_agg(i.head || pg_catalog.lpad(pg_catalog.to_hex(l.record_index), 8, '0')), '[]')
      from pg_catalog.unnest(lot) as l
      cross join (select pg_catalog."left"(etl_api.generated_id(job_id, 0)::text, 28) as head offset 0) as i),
    'errors', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('index', b.record_index,
        'company', coalesce(b.given ->> 'company_name', b.given ->> 'name', b.title), 'error', b.fault) order by b.record_index), '[]')
      from pg_catalog.unnest(bad) as b),
    'warnings', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('index', l.record_index,
        'company', coalesce(l.given ->> 'company_name', l.given ->> 'name', l.title)) || pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
          'field', w.value -> 'field', 'warning', w.value -> 'warning')) order by l.record_index), '[]')
      from pg_catalog.unnest(lot) as l
      cross join lateral pg_catalog.jsonb_array_elements(l.warnings) as w (value))
      || case when contract = 'discard' and unknown <> '{}' then (
        select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('field', u.name, 'warning',
          pg_catalog.format('unknown field %I was dropped: the table takes no new fields', u.name)))
        from pg_catalog.unnest(unknown) as u (name)) else '[]' end)
$$;

comment on function etl_api.landing_report(uuid, etl_api.generated_record[], etl_api.generated_record[], text[], text) is
  'What came of a lot of records, for whoever called.';

revoke execute on function etl_api.landing_report(uuid, etl_api.generated_record[], etl_api.generated_record[], text[], text) from public;
grant execute on function etl_api.landing_report(uuid, etl_api.generated_record[], etl_api.generated_record[], text[], text) to service_role;
