select plan(3);

select test_setup.setup_enrichment_test_data();
delete from public.source where id = test_setup.id('Company Register');
set etl.fake_now = '2030-01-01 00:00:00Z';
select isnt(test_setup.enrich('{a.test}')::text, null, 'a request to one source');
select count(*) from test_setup.claim();
set etl.fake_now = '2030-01-01 02:00:00Z';
select count(*) from etl_api.recover();

select is(test_setup.states(),
  '{"workflow_request failed:all_activities_failed 1","activity_request enrich failed:all_runs_failed 1","run_queue timedout:run_timeout 1","run_request timedout:run_timeout 1"}',
  'nothing is left open');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();
