select plan(20);

select test_setup.set_up_records();
create function pg_temp.view() returns text language sql as $$ select etl_api.table_view_name(t.id, t.name) from public.tables as t where t.id = test_setup.id('leads') $$;
create function pg_temp.columns() returns text[]
language sql
as $$
  select array_agg(a.attname || ' ' || format_type(a.atttypid, null) order by a.attnum)
  from pg_attribute as a
  where a.attrelid = to_regclass(format('public.%I', pg_temp.view())) and a.attnum > 10 and not a.attisdropped
$$;
select is(pg_temp.view(), 'records_' || left(test_setup.id('leads')::text, 8) || '_leads', 'a table has a view from the beginning');
select is(pg_temp.columns(), null, 'with what every record has');
select test_setup.insert_leads('[{"name": "a", "staff": "1,234", "since": "2024-03-05", "active": "yes", "tags": ["x", "y"], "note": "hello"}, {"name": "b", "staff": 7, "active": false}]');
select is(pg_temp.columns(), array['active boolean', 'note text', 'since date', 'staff numeric', 'tags text[]'], 'and its fields as typed columns');
insert into public.ai_generation_jobs (id, organization_id, table_id) values (test_setup.id('job 3'), test_setup.id('org acme'), test_setup.id('leads'));
select test_setup.insert_leads('[{"name": "c", "staff": "many", "late": 1}]', 'job 3');
select is(pg_temp.columns(), array['active boolean', 'note text', 'since date', 'staff numeric', 'tags text[]', 'late numeric'], 'a new one comes last');
create function pg_temp.rows(what text) returns text[]
language plpgsql
as $$
declare
  found text[];
begin
  execute format('select array_agg((%s)::text order by v.name) from public.%I as v', what, pg_temp.view()) into found;
  return found;
end $$;
select is(pg_temp.rows('row(v.name, v.staff, v.since, v.active, v.tags, v.data ->> ''staff'')'),
  array['(a,1234,2024-03-05,t,"{x,y}",1234)', '(b,7,,f,,7)', '(c,,,,,many)'], 'what does not fit is null, and stands in data');
delete from public.records where name = 'b';
update public.records set deleted_at = utils.now() where name = 'c';
select is(pg_temp.rows('v.name'), '{a}', 'deleted records are not shown');

update public.table_columns set type = 'text' where name = 'staff';
select is((pg_temp.columns())[4], 'staff text', 'a column that changes its type does so in the view');
insert into public.table_columns (table_id, organization_id, name, display_order)
select test_setup.id('leads'), test_setup.id('org acme'), n.name, 100 + n.place
from unnest(array['status', 'status_2', 'it''s "odd"', repeat('あ', 30) || 'x', repeat('あ', 30) || 'y', repeat('long', 30)]) with ordinality as n (name, place);
select is((pg_temp.columns())[7:],
  array['status_2 text', 'status_2_2 text', 'it''s "odd" text', repeat('あ', 21) || ' text', repeat('あ', 20) || '_2 text', left(repeat('long', 30), 63) || ' text'],
  'names are cut and told apart');
select is((select max(octet_length(n)) from unnest(etl_api.view_column_names(array(select repeat('x', 80) from generate_series(1, 120)))) as n), 63, 'however many are alike');
select is((select count(distinct n) from unnest(etl_api.view_column_names(array(select repeat('x', 80) from generate_series(1, 120)))) as n), 120::bigint, 'each its own');
delete from public.table_columns where display_order > 100;
select is(pg_temp.columns(), array['active boolean', 'note text', 'since date', 'staff text', 'tags text[]', 'late numeric'], 'a column that goes is gone');

-- Whoever reads it sees what they may.
select is(test_setup.as_user(p.name, format('select name from public.%I', pg_temp.view())), p.answer, p.name || ' reads it')
from (values ('vera', '(a)'), ('otto', '')) as p (name, answer) where p.name = 'vera';
select isnt(test_setup.as_user('otto', format('select name from public.%I', pg_temp.view())), '(a)', 'a stranger does not');

-- Nobody takes the view of another's table, though whoever makes a table chooses its id.
select is(test_setup.as_user('otto', format($$insert into public.tables (id, organization_id, name) values (%L, test_setup.id('org other'), %L) returning 1$$,
  left(t.id::text, 8) || '-0000-4000-8000-00000000beef', t.name)), '(1)', 'a stranger makes a table whose view would be called the same')
from public.tables as t where t.id = test_setup.id('leads');
select is(pg_temp.rows('v.name'), '{a}', 'the view is still that of the first');
select is((select l.organization_id from (select l.org_id as organization_id from etl_api.etl_log as l where l.message ~ 'name is taken') as l), test_setup.id('org other'), 'the log says so to whoever came second');

-- What others built upon it does not stop records.
do $$ begin execute format('create view public.on_top as select staff from public.%I', pg_temp.view()); end $$;
insert into public.ai_generation_jobs (id, organization_id, table_id) values (test_setup.id('job 4'), test_setup.id('org acme'), test_setup.id('leads'));
update public.table_columns set type = 'number' where name = 'staff';
select is((select l.level::text from etl_api.etl_log as l where l.station = 'records' order by l.id desc limit 1), 'warn', 'a view that something depends on stays, and the log says so');
drop view public.on_top;
update public.tables set name = '日本の Leads' where id = test_setup.id('leads');
select is(pg_temp.view(), 'records_' || left(test_setup.id('leads')::text, 8) || '_日本の_leads', 'a table that is renamed has a view of that name');
update public.tables set deleted_at = utils.now() where id = test_setup.id('leads');
select is((select count(*) from pg_class as c where c.relkind = 'v' and c.relname ^@ 'records_'), 0::bigint, 'one that is deleted has none');
select throws_ok($$select test_setup.insert_leads('[]')$$, 'ETL05', null, 'and takes nothing');

select * from finish();
