select plan(9);

select test_setup.setup_enrichment_test_data();
update public.source
set max_objects_per_request = 10,
    run_request_template = '{"method": "POST", "url": "https://x.test", "body": "<<$objects>>"}';
set etl.fake_now = '2030-01-01 00:00:00Z';
insert into public.workflow_request (org_id, data)
select test_setup.id('org acme'), jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}, {"domain": "b.test"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object(
    'id', test_setup.id('enrich companies'), 'type', 'activity',
    'setup', '{"config": {"run_timeout_seconds": 100, "datapoints": ["employees"]}}'::jsonb)));

create temporary table sent as
select c.* from test_setup.claim(1) as c;
select is(test_setup.runs(),
  '{"a.test AlgOps API Client in_progress","b.test AlgOps API Client in_progress"}', 'two runs in one HTTP request');

set etl.fake_now = '2030-01-01 00:01:39Z';
update public.run_request set lease_until = '2030-01-01 01:00Z';
select is(array(select r.what from etl_api.recover() as r where r.what like '%timeout'), '{}', 'before its time nothing happens');

set etl.fake_now = '2030-01-01 00:01:40Z';
-- One at a time still takes all that share a request.
select results_eq('select what, count from etl_api.recover(1) where what like ''%timeout''', $$values ('run_timeout', 2::bigint)$$,
  'both time out at once');
select is(test_setup.runs(),
  '{"a.test AlgOps API Client timedout:run_timeout","a.test Company Register waiting:allocation","b.test AlgOps API Client timedout:run_timeout","b.test Company Register waiting:allocation"}',
  'and the next source is asked');
select is(test_setup.state(run_request_id), 'timedout:run_timeout', 'the HTTP request ends too') from sent;
select is(test_setup.answer(run_request_id, '{"company": {}}'), 'already timedout: nothing was changed', 'a late answer changes nothing')
from sent;
select is(
  (select array_agg(distinct error ->> 'code') from public.run_queue where state = 'timedout'), '{run_timeout}', 'the error has a code');
select is(test_setup.state(test_setup.activity()), 'in_progress', 'the activity goes on');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();
