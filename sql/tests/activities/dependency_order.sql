-- Within one phase an edge alone makes the second wait.
select plan(5);

select test_setup.setup_enrichment_test_data();
select test_setup.setup_extract_test_data();
select test_setup.start(jsonb_build_object('data', jsonb_build_object(
  'find', jsonb_build_object('id', test_setup.id('extract companies'),
    'destination', jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('enrich companies')))),
  'enrich', jsonb_build_object('id', test_setup.id('enrich companies'),
    'setup', '{"config": {"max_objects": 1, "datapoints": ["industry"]}}'::jsonb))));
select is(test_setup.state(test_setup.activity('enrich')), 'waiting:dependency', 'it waits for the other');
select is(test_setup.exchange('{"hits": [{"host": "b.test"}, {"host": "a.test"}]}'), 1, 'which is answered');
select is(test_setup.state(test_setup.activity('enrich')), 'in_progress', 'then it starts');
select is(test_setup.runs(), array['b.test AlgOps API Client waiting:allocation', '- AlgOps Search done'],
  'with the first of its objects, by its own max_objects');
select test_setup.exchange('{"company": {"sector": "Tools"}}');
select is(test_setup.states(), array[
  'workflow_request done 1',
  'activity_request enrich done 1',
  'activity_request find done 1',
  'run_queue done 2',
  'run_request done 2'], 'and all is done');

select * from finish();
