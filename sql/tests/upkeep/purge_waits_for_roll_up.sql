-- What the summaries do not have yet must not go before they do.
select plan(5);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2100-01-01 00:00:00Z';
create temporary table request as select test_setup.chain('{a.test}') as id;
select test_setup.finish_chains();
set etl.fake_now = '2100-03-01 00:00:00Z';
create temporary table gone as select * from etl_api.purge('30 days');
select is(array(select what from gone), '{not_rolled_up}', 'nothing goes');
select is((select count from gone), (select count(*) from etl_api.state_step), 'it says how many steps are to be rolled up');
select is((select more from gone), false, 'to call it again at once is of no use');
select is((select count(*) from public.workflow_request), 1::bigint, 'the request is there');
select test_setup.rolled_up();
select isnt_empty('select * from etl_api.purge(''30 days'') where what = ''workflow_request''', 'once they are, it goes');

select * from finish();
