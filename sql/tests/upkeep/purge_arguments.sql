select plan(11);

select throws_ok('select etl_api.purge(null)', 'ETL04', 'older_than is null: it must be from a minute to 1000 years', 'null');
select throws_ok('select etl_api.purge(''-1 day'')', 'ETL04', 'older_than is -1 days: it must be from a minute to 1000 years', 'in the future');
select throws_ok('select etl_api.purge(''59 s'')', 'ETL04', 'older_than is 00:00:59: it must be from a minute to 1000 years', 'too young');
select throws_ok('select etl_api.purge(''10000 years'')', 'ETL04', 'older_than is 10000 years: it must be from a minute to 1000 years', 'before all time');
select throws_ok('select etl_api.purge(''1 day'', 0)', 'ETL04', 'max_rows is 0: it must be from 1 to 100000', 'no rows');
select throws_ok('select etl_api.purge(''1 day'', null)', 'ETL04', 'max_rows is null: it must be from 1 to 100000', 'null rows');
select throws_ok('select etl_api.purge(''1 day'', 100001)', 'ETL04', 'max_rows is 100001: it must be from 1 to 100000', 'more than a batch');
select throws_ok('select etl_api.purge(''1 day'', of_org => ''00000000-0000-4000-8000-0000000000aa'')', 'ETL04',
  'there is no org 00000000-0000-4000-8000-0000000000aa', 'an unknown org');
select throws_ok('select etl_api.purge(''1 day'', with_objects => null)', 'ETL04', 'with_objects is null: it must be true or false', 'null objects');
select is_empty('select * from etl_api.purge(''1 minute'')', 'nothing to purge');
set role authenticated;
select throws_ok('select etl_api.purge(''1 day'')', '42501', null, 'not for tenants');

select * from finish();
