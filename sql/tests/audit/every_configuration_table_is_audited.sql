-- Whatever a person may change is configuration, but for the requests they make and the records they keep.
select plan(2);

select is(
  array(
    select t.name || ' ' || op.name
    from (
      select c.oid, c.oid::regclass::text as name
      from pg_class as c
      where c.relkind in ('r', 'p')
        and c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
        and (has_any_column_privilege('authenticated', c.oid, 'insert, update') or has_table_privilege('authenticated', c.oid, 'delete')
          or c.oid in ('etl_api.setting'::regclass, 'etl_api.secret'::regclass))
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
