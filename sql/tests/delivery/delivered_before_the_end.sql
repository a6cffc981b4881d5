-- A message may be delivered while its workflow is still at work; the workflow is delivered when it ends.
select plan(3);

select test_setup.setup_enrichment_test_data();
select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'known', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"datapoints": ["domain"]}}'::jsonb),
    'asked', jsonb_build_object('id', test_setup.id('enrich companies'),
      'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb,
      'destination', '{"webhook": {"url": "https://client.test/asked"}}'::jsonb),
    'later', jsonb_build_object('id', test_setup.id('enrich companies'),
      'setup', '{"config": {"phase": 2, "datapoints": ["employees"]}}'::jsonb))));
select test_setup.exchange('{"company": {"sector": "Tools"}}');
select test_setup.deliver();
select is(
  (select test_setup.state(w.id) || ' ' || test_setup.state(test_setup.activity('asked')) from workflow_request as w),
  'in_progress delivered', 'the activity is delivered, the workflow at work');
select test_setup.exchange('{"company": {"staff": {"count": 5}}}');
select is((select test_setup.state(id) from workflow_request), 'delivered', 'then the workflow has ended, and is delivered');
select is((select test_setup.history(id) from workflow_request), array['new', 'valid', 'ready', 'in_progress', 'done', 'delivered'],
  'both steps are in its history');

select * from finish();
