select plan(4);

select test_setup.setup_enrichment_test_data();
select isnt(test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'type', 'activity'),
    'later', jsonb_build_object('id', test_setup.id('enrich companies'), 'type', 'activity', 'setup', '{"config": {"phase": 2}}'::jsonb))))::text,
  null, 'a request');
select is(etl_api.cancel(test_setup.activity()) ->> 'state', 'failed', 'it is cancelled');
select is(test_setup.states(),
  '{"workflow_request in_progress 1","activity_request enrich failed:cancelled 1","activity_request later in_progress 1","run_queue failed:cancelled 2","run_queue waiting:allocation 2"}',
  'the next phase starts');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();
