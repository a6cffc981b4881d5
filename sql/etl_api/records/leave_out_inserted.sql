create or replace function etl_api.leave_out_inserted(
  inout lot etl_api.generated_record[], of_job uuid, out repeated uuid[], out changed int[])
returns record
language plpgsql
set search_path = ''
-- A plan is made once, and then the table may still be empty.
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  first constant int := (select pg_catalog.min(l.record_index) from pg_catalog.unnest(lot) as l);
  last constant int := (select pg_catalog.max(l.record_index) from pg_catalog.unnest(lot) as l);
  there jsonb;
begin
  select coalesce(pg_catalog.jsonb_object_agg(g.record_index, g.generated_data is distinct from l.given), '{}') into there
  from pg_catalog.unnest(lot) as l
  join public.ai_generated_records as g
    on g.record_index = l.record_index
  where g.job_id = of_job
    and g.record_index between first and last
    and g.status = 'success';
  repeated := '{}';
  changed := '{}';
  if there <> '{}' then
    repeated := array(select etl_api.generated_id(of_job, t.key::int) from pg_catalog.jsonb_each(there) as t order by t.key::int);
    changed := array(select t.key::int from pg_catalog.jsonb_each(there) as t where t.value = 'true' order by t.key::int);
    lot := array(select l from pg_catalog.unnest(lot) as l where not there ? l.record_index::text);
  end if;
  -- One place, one record.
  if (select pg_catalog.count(distinct l.record_index) < pg_catalog.count(*) from pg_catalog.unnest(lot) as l) then
    lot := array(
      select row(d.record_index, d.title, d.given, d.sources, d.confidence, d.enriched, d.method, d.data, d.warnings,
        case when d.count > 1 then pg_catalog.format('%s records of this call have record_index %s', d.count, d.record_index)
          else d.fault end)::etl_api.generated_record
      from (
        select distinct on (l.record_index) l.*, pg_catalog.count(*) over (partition by l.record_index) as count
        from pg_catalog.unnest(lot) as l
        order by l.record_index
      ) as d);
  end if;
end
$$;

comment on function etl_api.leave_out_inserted(etl_api.generated_record[], uuid) is
  'Leaves out of a lot what its job has inserted before: repeated, the ids; changed, the places of those that were something else. Of a place that comes twice none lands.';

revoke execute on function etl_api.leave_out_inserted(etl_api.generated_record[], uuid) from public;
