-- A template that asks for what nobody gave makes its run invalid; the activity goes on to its end.
select plan(8);

select test_setup.setup_enrichment_test_data();
update source
set run_request_template = jsonb_set(run_request_template, '{body}',
  '{"a": "<<$object.nickname>>", "b": "<<$run_setup.depth>> <<$object.nickname>>", "c": "<<$secret.NEVER_CHECKED>>"}')
where name = 'AlgOps API Client';

select test_setup.enrich('{a.test}', '{"datapoints": ["employees"]}');
select is((select count(*) from test_setup.claim()), 0::bigint, 'there is nothing to send');
select is((select error from run_queue), '{
  "code": "missing_value",
  "missing": ["object.nickname", "run_setup.depth"],
  "message": "Nothing fills <<$object.nickname>>, <<$run_setup.depth>> in the run request template of source AlgOps API Client."
}'::jsonb, 'every placeholder is named, each once; a secret is none of them');
select is((select count(*) from run_request), 0::bigint, 'no HTTP request was made');
select is((select count(*) from etl_api.advance_queue), 1::bigint, 'the claim leaves a note');
select is((select array_agg(source) from test_setup.claim()), '{"Company Register"}', 'the next claim asks the next source');
select is(test_setup.runs(), array['a.test AlgOps API Client invalid:missing_value', 'a.test Company Register in_progress'],
  'the waterfall goes on');
delete from workflow_request;

select test_setup.enrich('{b.test}', '{"datapoints": ["industry"]}');
select test_setup.claim();
select is((select count(*) from test_setup.claim()), 0::bigint, 'no source is left');
select is(test_setup.states(), array[
  'workflow_request failed:all_activities_failed 1',
  'activity_request enrich failed:all_runs_failed 1',
  'run_queue invalid:missing_value 1'], 'then the activity ends');

select * from finish();
