-- A request that has ended stays while its message has not, or has since been sent again.
select plan(8);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2100-01-01 00:00:00Z';
create temporary table request as select test_setup.chain('{a.test}') as id;
select test_setup.exchange('{"company": {"sector": "Anvils"}}');
select test_setup.deliver(503);
select is(test_setup.state(id), 'done', 'done, its message to be tried again') from request;
select test_setup.rolled_up();
set etl.fake_now = '2100-03-01 00:00:00Z';
select is_empty('select * from etl_api.purge(''30 days'') where what <> ''etl_log''', 'it stays while its message waits');
select test_setup.deliver(200);
select is(test_setup.state(id), 'delivered', 'delivered late') from request;
select test_setup.rolled_up();
select is_empty('select * from etl_api.purge(''30 days'')', 'its message has ended only now');
set etl.fake_now = '2100-04-01 00:00:00Z';
select etl_api.redeliver(id) from request;
select is_empty('select * from etl_api.purge(''30 days'')', 'it is sent once more');
select test_setup.deliver(200);
select test_setup.rolled_up();
set etl.fake_now = '2100-05-01 00:00:01Z';
select is((select count from etl_api.purge('30 days') where what = 'workflow_request'), 1::bigint, 'then it goes');
select is_empty('select id from public.delivery', 'with both messages');
select is_empty('select * from test_setup.miscounted()', 'the counts are right');

select * from finish();
