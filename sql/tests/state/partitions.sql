select plan(9);

set etl.fake_now = '2031-11-30 23:59:59Z';
select test_setup.only_guard();
select is(array(select distinct h.tableoid::regclass::text from etl_api.state_step as h where h.at = utils.now()),
  '{etl_api.state_step_default}', 'a month without a partition lands in the default one');
select is(etl_api.ensure_partitions(), 2, 'two months ahead; this one stays where it is');
select is(etl_api.ensure_partitions(), 0, 'once');
set etl.fake_now = '2032-01-15 00:00:00Z';
create temporary table row as select test_setup.make('delivery') as id;
select is(
  (select h.tableoid::regclass::text from etl_api.state_step as h, row where h.entity_id = row.id),
  'etl_api.state_step_203201', 'a month with a partition lands in it');
select is(etl_api.ensure_partitions(0), 0, 'it is there already');
select is(etl_api.ensure_partitions(1), 1, 'as far ahead as wanted');
select ok((select c.relrowsecurity from pg_class as c where c.oid = 'etl_api.state_step_203201'::regclass), 'row-level security is on');
select is(array(select p.policyname::text from pg_policies as p where p.tablename = 'state_step_203201'), '{nobody}',
  'nobody reads it but through the whole');
select is(obj_description('etl_api.state_step_203201'::regclass, 'pg_class'),
  'Steps from 2032-01-01 00:00:00+00 until before 2032-02-01 00:00:00+00.', 'it says what it holds');

select * from finish();
