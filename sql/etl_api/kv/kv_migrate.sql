create or replace function etl_api.kv_migrate(name text, max_keys int default 100000) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  mapping etl_api.kv_mapping := etl_api.kv_find_mapping(kv_migrate.name);
  noted record;
  done record;
begin
  if coalesce(max_keys, 0) < 1 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_keys is %s: it must be 1 or more', coalesce(max_keys::text, 'null')),
      hint = 'Leave it out for 100000.';
  end if;
  perform etl_api.kv_prepare(mapping.name);
  if mapping.state = 'off' then
    perform etl_api.kv_note_all(mapping);
  end if;

  with taken as (
    delete from etl_api.kv_change as c
    where c.seq in (
      select first.seq
      from etl_api.kv_change as first
      where first.mapping = mapping.name
      order by first.seq
      limit max_keys)
    returning c.org_id, c.key
  )
  select coalesce(pg_catalog.array_agg(t.org_id), '{}') as org_ids, coalesce(pg_catalog.array_agg(t.key), '{}') as keys,
    pg_catalog.count(distinct (t.org_id, t.key)) as count
  into noted
  from taken as t;
  done := etl_api.kv_apply(mapping.name, noted.org_ids, noted.keys);
  update etl_api.kv_mapping as m
  set migrated_at = utils.now()
  where m.name = mapping.name;

  return pg_catalog.jsonb_build_object(
    'mapping', mapping.name, 'table', mapping.table_name, 'keys', noted.count,
    'inserted', done.inserted, 'updated', done.updated, 'deleted', done.deleted,
    'left', (select pg_catalog.count(*) from etl_api.kv_change as c where c.mapping = mapping.name),
    'misfits', (select pg_catalog.count(*) from etl_api.kv_misfit as f where f.mapping = mapping.name),
    'examples', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'org_id', f.org_id, 'key', f.key, 'column', f.column_name, 'problem', f.problem, 'found', f.found)), '[]')
      from (
        select m.*
        from etl_api.kv_misfit as m
        where m.mapping = mapping.name
        order by m.org_id, m.key, m.column_name
        limit 10
      ) as f));
end
$$;

comment on function etl_api.kv_migrate(text, int) is
  'Moves what is stored under the keys of a mapping into its typed table: all of it the first time, later what was written or deleted since, at most max_keys of them ("left" says how many remain). Returns {mapping, table, keys, inserted, updated, deleted, left, misfits, examples}; all that did not fit lies in etl_api.kv_misfit, and in the column rest. Nothing is taken from the store. ETL04: no such mapping, bad max_keys; ETL05: the table has taken over; ETL07: the table is somebody else''s.';

revoke execute on function etl_api.kv_migrate(text, int) from public;
grant execute on function etl_api.kv_migrate(text, int) to service_role;
