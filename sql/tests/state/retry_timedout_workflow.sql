select plan(4);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2030-01-01 00:00:00Z';
create temporary table row as select test_setup.enrich('{a.test}') as id;
select count(*) from test_setup.claim(1);
set etl.fake_now = '2031-01-01 00:00:00Z';
select count(*) from etl_api.recover();
select is(test_setup.state(id), 'timedout:workflow_timeout', 'a request over its time') from row;
select is(etl_api.retry(id) ->> 'state', 'in_progress', 'is taken up again') from row;
select is(test_setup.runs(), '{"a.test AlgOps API Client ready","a.test Company Register ready"}', 'with its runs');
select is((select count(*) from etl_api.recover() where what like '%timeout'), 0::bigint, 'and has its time again');

select * from finish();
