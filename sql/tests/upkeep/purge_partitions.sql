-- History that is old as a whole goes a month at a time; what is still there keeps its own.
select plan(16);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2100-01-01 00:00:00Z';
select is(etl_api.ensure_partitions(3), 4, 'January to April');
create function pg_temp.at(moment timestamptz) returns void language sql as $$
  select set_config('etl.fake_now', moment::text, false)
$$;
create temporary table request as select 'old' as name, test_setup.chain('{old.test}') as id;
select test_setup.finish_chains();
select pg_temp.at('2100-01-31 12:00:00Z');
insert into request select 'slow', test_setup.chain('{slow.test}');
select count(*) from test_setup.claim();
select pg_temp.at('2100-02-01 12:00:00Z');
select etl_api.recover();
insert into request select 'young', test_setup.chain('{young.test}');
select test_setup.finish_chains();
create temporary table before as select * from etl_api.state_step;
select test_setup.rolled_up();

select pg_temp.at('2100-02-25 00:00:00Z');
select is(array(select name from etl_api.old_partitions(utils.now() - interval '10 days', 1000)), '{state_step_210001}', 'January is over');
select is(array(select name from etl_api.old_partitions(utils.now() - interval '30 days', 1000)), '{}', 'not for who keeps more');

select pg_temp.at('2100-02-10 00:00:00Z');
select is((select array[count, more::int] from etl_api.purge('9 days') where what = 'state_step partition'), '{0,1}',
  'with the last requests it says that the month is next');
select ok(to_regclass('etl_api.state_step_210001') is not null, 'the month stays while requests go');
select is(array(select name from request where exists (select from public.workflow_request as w where w.id = request.id) order by 1),
  '{slow,young}', 'what ended since is there');
select isnt_empty('select * from etl_api.state_step_210001 where entity_id = (select id from request where name = ''old'')',
  'the history of what went is left to the month');
select is(array(select what || more from etl_api.purge('9 days')), '{"state_step partitiontrue"}', 'then the month goes');
select is(to_regclass('etl_api.state_step_210001'), null, 'it is gone');
select set_eq('select entity, entity_id, seq, at, to_state, xid from etl_api.state_step',
  $$select entity, entity_id, seq, at, to_state, xid from before
    where entity_id in (select id from public.workflow_request union all select id from public.activity_request union all
      select id from public.run_queue union all select id from public.run_request union all select id from public.delivery)$$,
  'what is there still has all of its history, as it was written');
select isnt_empty('select * from etl_api.state_step_default', 'that of the month lies in the default partition');
select is_empty('select * from etl_api.purge(''9 days'')', 'nothing more goes');
select is_empty('select * from test_setup.miscounted()', 'the counts are right');

-- Later, what lies there goes as well.
select test_setup.rolled_up();
select pg_temp.at('2100-03-20 00:00:00Z');
select count(*) from etl_api.purge('9 days');
select is((select count(*) from public.workflow_request), 0::bigint, 'all requests are gone');
select is_empty('select * from etl_api.state_step_default', 'and their history in the default partition');
select count(*) from etl_api.purge('9 days');
select is(to_regclass('etl_api.state_step_210002'), null, 'February, too');

select * from finish();
