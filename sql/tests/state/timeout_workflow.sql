select plan(7);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2030-01-01 00:00:00Z';
insert into public.workflow_request (org_id, data)
select test_setup.id('org acme'), jsonb_build_object(
  'config', '{"timeout_seconds": 60}'::jsonb,
  'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb,
  'input', '{"companies": [{"domain": "a.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'type', 'activity'),
    'later', jsonb_build_object('id', test_setup.id('enrich companies'), 'type', 'activity', 'setup', '{"config": {"phase": 2}}'::jsonb)));
create temporary table sent as select * from test_setup.claim(1);

set etl.fake_now = '2030-01-01 00:01:00Z';
select results_eq('select what, count from etl_api.recover() where what like ''%timeout''', $$values ('workflow_timeout', 1::bigint)$$,
  'one request is over its time');
select is(test_setup.states(),
  '{"workflow_request timedout:workflow_timeout 1","activity_request enrich timedout:workflow_timeout 1","activity_request later timedout:workflow_timeout 1","run_queue timedout:workflow_timeout 2","run_request timedout:workflow_timeout 1","delivery ready 1"}',
  'all of it ends');
select is((select body ->> 'type' from public.delivery_body), 'workflow_request.timedout', 'the client is told');
select is(test_setup.steps(test_setup.activity('later')), '{->new,new>valid,valid>waiting:phase,waiting>timedout:workflow_timeout}',
  'what waited for its phase waits no more');
select is(test_setup.answer(run_request_id, '{"company": {}}'), 'already timedout: nothing was changed', 'a late answer changes nothing')
from sent;
select is((select count(*) from etl_api.recover() where what like '%timeout'), 0::bigint, 'a second sweep finds nothing');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();
