-- An activity that can no longer start tells its client so; delivered or not, it stays invalid.
select plan(4);

select test_setup.setup_extract_test_data();
select test_setup.setup_enrichment_test_data();
select test_setup.start(jsonb_build_object('data', jsonb_build_object(
  'find', jsonb_build_object('id', test_setup.id('extract companies'),
    'destination', jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('enrich companies')))),
  'enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"phase": 2}}'::jsonb,
    'destination', '{"webhook": {"url": "https://client.test/enrich"}}'::jsonb))));
select test_setup.exchange('{}', 400);
select is((select array_agg(event_type || ' ' || url) from delivery), array['activity_request.invalid https://client.test/enrich'], 'one message');
select is(
  (select body -> 'data' from delivery_body),
  jsonb_build_object(
    'workflow_request_id', (select id from workflow_request),
    'activity_request_id', test_setup.activity('enrich'),
    'activity_key', 'enrich',
    'org_id', test_setup.id('org acme'),
    'state', 'invalid',
    'substate', 'dependency_failed',
    'objects', '[]'::jsonb,
    'refusals', '[]'::jsonb,
    'summary', '{}'::jsonb), 'it says what has become of the activity');
select is(test_setup.deliver(), 1, 'it is taken');
select is(test_setup.state(test_setup.activity('enrich')), 'invalid:dependency_failed', 'the activity stays as it is');

select * from finish();
