-- No foreign key and no unique key can join the rows of two orgs.
select plan(3);

-- Configuration may be shared, so it is referenced by its id alone, and check_config_org guards it. What the key-value
-- store keeps beside its rows only its functions write.
select is_empty($$
  select c.conrelid::regclass::text, c.conname
  from pg_constraint as c
  where c.contype = 'f'
    and c.connamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
    and c.conparentid = 0
    and c.confrelid not in (
      'public.org'::regclass, 'public.object_type'::regclass, 'public.datapoint'::regclass, 'public.source'::regclass,
      'public.activity'::regclass, 'public.factor'::regclass, 'etl_api.kv_index'::regclass, 'etl_api.kv_mapping'::regclass)
    and not (
      (select a.attnum from pg_attribute as a where a.attrelid = c.conrelid and a.attname in ('org_id', 'organization_id')) = any (c.conkey)
      and (select a.attnum from pg_attribute as a where a.attrelid = c.confrelid and a.attname in ('org_id', 'organization_id')) = any (c.confkey))
$$, 'every foreign key between rows of an org carries org_id');

select is_empty($$
  select r.child, r.columns
  from etl_api.table_reference as r
  where r.parent not in (
      'public.org'::regclass, 'public.object_type'::regclass, 'public.datapoint'::regclass, 'public.source'::regclass,
      'public.activity'::regclass)
    and not (r.columns && '{org_id,organization_id}' and r.keys && '{org_id,organization_id}')
$$, 'and so does every reference that triggers keep');

-- A key of uuids or numbers that the database makes joins nothing; one of names must say whose names.
select is_empty($$
  select i.indexrelid::regclass::text
  from pg_index as i
  join pg_class as t on t.oid = i.indrelid
  where i.indisunique
    and t.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace)
    and exists (select 1 from pg_attribute as a where a.attrelid = i.indrelid and a.attname in ('org_id', 'organization_id') and not a.attisdropped)
    and not exists (
      select 1
      from pg_attribute as a
      where a.attrelid = i.indrelid
        and a.attnum = any (i.indkey)
        and (a.attname in ('org_id', 'organization_id') or a.atttypid = 'uuid'::regtype or a.attidentity <> ''))
$$, 'every unique key of a tenant''s rows carries org_id or an id');

select * from finish();
