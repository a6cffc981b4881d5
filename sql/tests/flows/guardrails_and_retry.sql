-- Objects that another activity found are held against guardrails like any; a retry decides anew, by the guardrails as they are then.
select plan(7);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
select test_setup.setup_extract_test_data();
insert into factor (id, org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
values (test_setup.id('size'), test_setup.id('org acme'), test_setup.id('enrich companies'), 'volume',
  test_setup.id('company'), test_setup.id('company.employees'), 'greater_than', '50', true);
select test_setup.start(jsonb_build_object('data', jsonb_build_object(
  'find', jsonb_build_object('id', test_setup.id('extract companies'), 'destination', jsonb_build_object('activity', jsonb_build_object('id', test_setup.id('enrich companies')))),
  'enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb))));
select is(test_setup.exchange('{"hits": [{"host": "small.test", "size": {"people": 5}}, {"host": "big.test", "size": {"people": 500}}]}'), 1, 'two are found');
select is(test_setup.runs(), array['big.test AlgOps API Client waiting:allocation', '- AlgOps Search done'], 'one of them is asked about');
select is(
  (select array_agg(s.name) from guardrail_refusal as r join source as s on s.id = r.source_id), '{AlgOps Search}', 'the refusal names who gave the value');
delete from workflow_request;
delete from value;

select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "small.test", "employees": 5}, {"domain": "big.test", "employees": 500}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'), 'setup', '{"config": {"datapoints": ["industry"]}}'::jsonb))));
select is(test_setup.exchange('{}', 400), 1, 'one is asked about, in vain');
select is(test_setup.state(test_setup.activity()), 'failed:all_runs_failed', 'the activity failed');
update factor set value = '1' where id = test_setup.id('size');
select etl_api.retry(test_setup.activity());
select is(test_setup.runs(), array['big.test AlgOps API Client ready', 'small.test AlgOps API Client waiting:allocation'], 'both are asked about now');
select is((select count(*) from guardrail_refusal), 0::bigint, 'nothing is refused any more');

select * from finish();
