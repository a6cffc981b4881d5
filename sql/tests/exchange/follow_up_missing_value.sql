-- A follow-up that cannot be rendered ends its chain as invalid, naming the placeholder.
select plan(3);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
update source
set status_request_template = '{"method": "GET", "url": "https://api.algops.test/jobs/<<$run_external_id>>/<<$run_setup.region>>"}'
where name = 'AlgOps API Client';
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');
select test_setup.exchange('{"id": "j1"}');
select is((select kind || ' ' || state || ':' || state_substate from run_request where kind = 'status'), 'status invalid:missing_value',
  'the status request is never sent');
select is((select error from run_queue), '{
  "code": "missing_value",
  "missing": ["run_setup.region"],
  "message": "Nothing fills <<$run_setup.region>> in the status request template of source AlgOps API Client."}'::jsonb, 'the run says why');
select is(test_setup.states(), array[
  'workflow_request failed:all_activities_failed 1',
  'activity_request enrich failed:all_runs_failed 1',
  'run_queue failed:missing_value 1',
  'run_request done 1',
  'run_request invalid:missing_value 1'], 'and everything ends');

select * from finish();
