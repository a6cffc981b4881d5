-- Every source failed and nothing is known: the activity has failed, and its result says so; known values make it partial.
select plan(6);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test}', '{"datapoints": ["employees"]}', '{"url": "https://client.test/hook"}');
select test_setup.exchange('{}', 404);
select test_setup.exchange('{}', 410);
select is(test_setup.states(), array[
  'workflow_request failed:all_activities_failed 1',
  'activity_request enrich failed:all_runs_failed 1',
  'run_queue failed:http_404 1',
  'run_queue failed:http_410 1',
  'run_request failed:http_404 1',
  'run_request failed:http_410 1',
  'delivery ready 1'], 'all have failed');
select is(
  (select jsonb_agg(body #> '{data,objects}' || (body #> '{data,summary}')) from delivery_body),
  '[[{"object_type": "company", "key": {"domain": "a.test"}, "values": {}, "provenance": {}},
    {"objects": 1, "values": 0, "missing": 1, "refused": 0, "runs": {"failed": 2}}]]'::jsonb, 'the message still names the object');
select is((select array_agg(event_type) from delivery), '{activity_request.failed}', 'and is one of failure');
delete from workflow_request;

select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "b.test", "industry": "Known"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'),
    'setup', '{"config": {"datapoints": ["industry", "employees"]}}'::jsonb))));
select test_setup.exchange('{}', 404);
select test_setup.exchange('{}', 404);
select is(test_setup.state(test_setup.activity()), 'done:partial', 'with something known it is done in part');
select is((select objects #> '{0,values}' from activity_result), '{"industry": "Known"}'::jsonb, 'and the result has that');
select is((select summary from activity_result), '{"objects": 1, "values": 1, "missing": 1, "refused": 0, "runs": {"failed": 2}}'::jsonb, 'the summary counts');

select * from finish();
