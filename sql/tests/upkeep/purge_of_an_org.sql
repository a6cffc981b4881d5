-- One tenant's work can be purged by itself.
select plan(6);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2100-01-01 00:00:00Z';
create temporary table request as
select 'own' as name, test_setup.chain('{own.test}') as id
union all select 'other', test_setup.chain('{other.test}', 'org other');
select test_setup.finish_chains();
insert into etl_api.etl_log (at, level, station, message, org_id)
values ('2100-01-01', 'info', 'test', 'own', test_setup.id('org acme')), ('2100-01-01', 'info', 'test', 'other', test_setup.id('org other')),
  ('2100-01-01', 'info', 'test', 'nobody', null), ('2100-01-03', 'info', 'test', 'own young', test_setup.id('org acme'));
select test_setup.rolled_up();
set etl.fake_now = '2100-01-03 00:00:00Z';
select isnt_empty('select * from etl_api.purge(''1 day'', of_org => test_setup.id(''org acme''))', 'something goes');
select is(test_setup.left_of(id) ->> 'steps', '0', 'all of its own') from request where name = 'own';
select is(test_setup.state(id), 'delivered', 'nothing of another''s') from request where name = 'other';
select is(array(select message from etl_api.etl_log where station = 'test' order by 1), '{nobody,other,"own young"}', 'of the log its own entries');
select is_empty('select * from test_setup.miscounted()', 'the counts are right');
select is_empty('select * from etl_api.purge(''1 day'', of_org => test_setup.id(''org acme''))', 'once');

select * from finish();
