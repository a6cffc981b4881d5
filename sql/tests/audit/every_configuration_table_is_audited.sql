-- Whatever a person may change is configuration, but for the requests they make and the records they keep.
select plan(4);

select is(
  array(
    select t.name || ' ' || op.name
    from (
      select c.oid, c.oid::regclass::text as name
      from pg_class as c
      where c.relkind in ('r', 'p')
        and c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
        and (has_any_column_privilege('authenticated', c.oid, 'insert, update') or has_table_privilege('authenticated', c.oid, 'delete')
          or c.oid in ('etl_api.setting'::regclass, 'etl_api.secret'::regclass, 'etl_api.kv_mapping'::regclass))
        and c.oid not in ('public.workflow_request'::regclass, 'public.records'::regclass)
    ) as t
    cross join (values ('insert', 4), ('update', 16), ('delete', 8)) as op (name, bit)
    where not exists (
      select 1
      from pg_trigger as g
      where g.tgrelid = t.oid
        and g.tgfoid in ('etl_api.audit_configuration'::regproc, 'etl_api.audit_org'::regproc)
        and g.tgtype & op.bit > 0
        and g.tgenabled = 'O')
    order by 1),
  '{}', 'every change of every table of configuration is written down');

-- Configuration that only operators write is found by nothing: so what is not audited is named, and a new table has to say.
select is(
  array(
    select n.nspname || '.' || c.relname
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and n.nspname in ('public', 'etl_api')
      and not exists (
        select 1 from pg_trigger as g
        where g.tgrelid = c.oid and g.tgfoid in ('etl_api.audit_configuration'::regproc, 'etl_api.audit_org'::regproc))
      and c.oid <> all ('{
        public.workflow_request,public.activity_request,public.activity_dependency,public.activity_object,public.activity_result,
        public.object,public.value,public.run_queue,public.run_request,public.run_response,public.guardrail_refusal,
        public.delivery,public.delivery_body,public.delivery_attempt,etl_api.delivery_lane,
        public.records,public.ai_generation_jobs,public.ai_generated_records,public.ai_generation_events,
        public.client_data,public.client_schema_versions,etl_api.client_count_delta,etl_api.client_upload,etl_api.schema_change,
        public.kv_store,etl_api.kv_index_entry,etl_api.kv_change,etl_api.kv_misfit,
        etl_api.state_transition,etl_api.table_reference,etl_api.state_step,etl_api.state_count,etl_api.state_duration,
        etl_api.roll_up_mark,etl_api.traffic,etl_api.traffic_last,etl_api.usage_day,etl_api.usage_month,
        etl_api.data_quality_month,etl_api.data_quality_mark,etl_api.org_count_delta,etl_api.budget_used,
        etl_api.source_window,etl_api.source_turn,etl_api.request_key,etl_api.advance_queue,
        etl_api.alert,etl_api.etl_log,etl_api.audit_log,etl_api.audit_head,etl_api.retention_mark,etl_api.erasure}'::regclass[])
    order by 1),
  '{}', 'work, figures and the engine''s own notes are not; all else is');
update etl_api.kv_mapping set table_name = 'elsewhere' where name = 'trips';
select is((select concat_ws(' ', action, row_key, old, new) from etl_api.audit_log order by id desc limit 1),
  'update {"name": "trips"} {"table_name": "trips"} {"table_name": "elsewhere"}', 'what a pattern of keys becomes, too');

-- The key that a trigger names must tell rows apart, or changes would be mixed up.
select is(
  array(
    select g.tgrelid::regclass::text
    from pg_trigger as g
    where g.tgfoid = 'etl_api.audit_configuration'::regproc
      and not exists (
        select 1
        from pg_index as i
        where i.indrelid = g.tgrelid
          and i.indisunique
          and i.indpred is null
          and (
            select array_agg(a.attname::text order by a.attname)
            from pg_attribute as a
            where a.attrelid = g.tgrelid
              and a.attnum = any (i.indkey::int2[])
              -- A key of two columns, the id and the org, is the id.
              and not (a.attname = 'org_id' and exists (
                select 1 from pg_attribute as d where d.attrelid = g.tgrelid and d.attname = 'id' and d.attnum = any (i.indkey::int2[]))))
            = (select array_agg(k order by k) from unnest(split_part(encode(g.tgargs, 'escape'), '\000', 1)::text[]) as k))
    order by 1),
  '{}', 'by a key of the table');

select * from finish();
