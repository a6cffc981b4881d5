select plan(27);

select test_setup.set_up_people();
create temporary table seen as select max(id) as id from etl_api.audit_log;
-- What was written since it was asked last, one line an entry.
create function pg_temp.written() returns text[] language sql as $$
  with entry as (
    select l.* from etl_api.audit_log as l, seen where l.id > seen.id
  ),
  next as (
    update seen set id = coalesce((select max(e.id) from entry as e), seen.id)
  )
  select coalesce(array_agg(concat_ws(' ', coalesce((
      select p.name from unnest('{olga,adam,mia}'::text[]) as p (name) where test_setup.id(p.name) = e.user_id), e.role),
    e.action, e.table_name, e.old, e.new) order by e.id), '{}')
  from entry as e
$$;

select is(test_setup.as_user('adam', 'update public.activity set name = ''New name'', config = ''{"a": 1}'' returning 1'), '(1)', 'an admin changes an activity');
select is(pg_temp.written(), array[
  'adam update public.activity {"name": "Enrich companies", "config": {}} {"name": "New name", "config": {"a": 1}}'],
  'who, and what changed, from what to what');
select is(test_setup.as_user('adam', 'update public.activity set name = ''New name'' returning 1'), '(1)', 'a write that changes nothing');
select is(pg_temp.written(), '{}', 'is none');
select is(test_setup.as_user('olga', 'update public.org set settings = ''{"log_level": "warn"}'' returning 1'), '(1)', 'an owner changes the org');
select is(pg_temp.written(), '{"olga update public.org {\"settings\": {}} {\"settings\": {\"log_level\": \"warn\"}}"}', 'its settings');
update public.org set request_count = request_count + 1, object_count = 7, free_objects = free_objects - 1;
select is(pg_temp.written(), '{}', 'what the engine counts is none');
update public.org set free_objects = 100 where slug = 'acme-research';
update public.org set free_objects = 99, request_count = 0 where slug = 'acme-research';
update public.org set free_objects = 200 where slug = 'acme-research';
update public.org set free_objects = null where slug = 'acme-research';
select is(pg_temp.written(), array[
  'postgres update public.org {"free_objects": null} {"free_objects": 100}',
  'postgres update public.org {"free_objects": 99} {"free_objects": 200}',
  'postgres update public.org {"free_objects": 200} {"free_objects": null}'], 'objects given are, objects used are not');

select is(test_setup.as_user('olga', format('insert into public.org_member (org_id, user_id, role) values (test_setup.id(''org acme''), %L, ''viewer'') returning 1',
  test_setup.id('paul'))), '(1)', 'somebody is admitted');
select matches((pg_temp.written())[1], '^olga insert public\.org_member \{.*"role": "viewer"', 'as what');
select is(test_setup.as_user('olga', format('update public.org_member set role = ''admin'' where user_id = %L returning 1', test_setup.id('paul'))), '(1)', 'and rises');
select is(pg_temp.written(), '{"olga update public.org_member {\"role\": \"viewer\"} {\"role\": \"admin\"}"}', 'from what to what');
select is(test_setup.as_user('olga', format('delete from public.org_member where user_id = %L returning 1', test_setup.id('paul'))), '(1)', 'and goes');
select matches((pg_temp.written())[1], '^olga delete public\.org_member \{.*"role": "admin"', 'who removed whom');
select is(
  (select row_key from etl_api.audit_log order by id desc limit 1),
  jsonb_build_object('org_id', test_setup.id('org acme'), 'user_id', test_setup.id('paul')), 'the key says which row');

-- A statement of many rows, of several chains; a key that changes.
update public.source set enabled = false;
select is((select count(*) from unnest(pg_temp.written()) as w where w like 'postgres update public.source {"enabled": true} {"enabled": false}'), 2::bigint,
  'each row of a statement');
update etl_api.setting set value = '"debug"' where name = 'log_level';
select is(pg_temp.written(), '{"postgres update etl_api.setting {\"value\": \"info\"} {\"value\": \"debug\"}"}', 'settings of the engine');
update etl_api.setting set name = 'renamed' where name = 'max_pages';
select is(
  (select array_agg(l.action || ' ' || l.row_key order by l.action) from etl_api.audit_log as l, seen where l.id > seen.id),
  '{"delete {\"name\": \"max_pages\"}","insert {\"name\": \"renamed\"}"}', 'a row whose key changed went, and another came');
select isnt(pg_temp.written(), '{}', 'which was written');
select is(test_setup.as_user('adam', 'insert into public.workflow_schedule (org_id, name, cron, data)
  values (test_setup.id(''org acme''), ''daily'', ''@daily'', ''{}'') returning 1'), '(1)', 'a schedule');
select is(array_length(pg_temp.written(), 1), 1, 'is one entry: when it is due is no change of it');
set etl.fake_now = '2100-01-01';
select etl_api.run_schedules() is null as unused;
set etl.fake_now = '';
select is(array(select w from unnest(pg_temp.written()) as w where w like '%workflow_schedule%'), '{}', 'nor that it ran');

select is(test_setup.as_user('adam', 'delete from public.activity returning 1'), '(1)', 'with a row goes what belongs to it');
select matches((pg_temp.written())[1], '^adam delete public\.activity \{.*"name": "New name"', 'and all it was is kept');
select is(test_setup.as_user('mia', 'update public.activity set name = ''no'' returning 1'), '-', 'what was refused');
select is(pg_temp.written(), '{}', 'is no change');

select is((select count(distinct (org_id, seq)) = count(*) and min(seq) = 1 from etl_api.audit_log), true, 'every entry has its place');

select * from finish();
