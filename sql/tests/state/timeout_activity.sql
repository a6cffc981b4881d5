select plan(6);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2030-01-01 00:00:00Z';
insert into public.workflow_request (org_id, data)
select test_setup.id('org acme'), jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test"}, {"domain": "b.test"}]}'::jsonb,
  'data', jsonb_build_object(
    'enrich', jsonb_build_object(
      'id', test_setup.id('enrich companies'), 'type', 'activity',
      'setup', '{"config": {"activity_timeout_seconds": 60}}'::jsonb,
      'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb),
    'later', jsonb_build_object(
      'id', test_setup.id('enrich companies'), 'type', 'activity',
      'setup', '{"config": {"phase": 2, "activity_timeout_seconds": 1000}}'::jsonb)));
create temporary table sent as select * from test_setup.claim();
select count(test_setup.answer(run_request_id, '{"company": {"sector": "toys", "staff": {"count": 3}}}'))
from sent
where request ->> 'url' like '%a.test'
  and source = 'AlgOps API Client';

set etl.fake_now = '2030-01-01 00:01:00Z';
select results_eq('select what, count from etl_api.recover() where what like ''%timeout''', $$values ('activity_timeout', 1::bigint)$$,
  'one activity is over its time');
select is(test_setup.state(test_setup.activity()), 'timedout:activity_timeout', 'it ends');
select is(
  (select array_agg(distinct q.state || ':' || coalesce(q.state_substate, '-')) from public.run_queue as q
   where q.activity_request_id = test_setup.activity() and q.state <> 'done'),
  '{timedout:activity_timeout}', 'its runs end');
select is(
  (select b.body -> 'type' || jsonb_path_query_array(b.body, '$.data.objects[*].values.industry') from public.delivery_body as b),
  '["activity_request.timedout", "toys"]', 'the client is told what was found until then');
select is(
  (select w.state || ' ' || a.state from public.workflow_request as w, public.activity_request as a where a.activity_key = 'later'),
  'in_progress in_progress', 'the next phase starts');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();
