-- A value that breaks a guardrail is not accepted: it counts as missing, and the next source is asked.
select plan(11);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into factor (id, org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
values (test_setup.id('size'), test_setup.id('org acme'), test_setup.id('enrich companies'), 'volume',
  test_setup.id('company'), test_setup.id('company.employees'), 'between', '1,1000', true);

select test_setup.enrich('{a.test}', '{"datapoints": ["employees"]}', '{"url": "https://client.test/hook"}');
select is(test_setup.runs(), array['a.test AlgOps API Client waiting:allocation'], 'the first source is asked');
select is(test_setup.exchange('{"company": {"staff": {"count": -5}}}'), 1, 'what it says cannot be');
select is(test_setup.runs(), array['a.test AlgOps API Client done:refused', 'a.test Company Register waiting:allocation'],
  'its run says so, and the next source is asked');
select is(test_setup.exchange('{"result": {"entries": [{"employees": "40"}]}}'), 1, 'which says something better');
select is((select objects #> '{0,values}' from activity_result), '{"employees": 40}'::jsonb, 'that is the result');
select is((select refusals - 'description' from (select refusals -> 0 as refusals from activity_result) as r),
  '{"key": {"domain": "a.test"}, "stage": "after_result", "datapoint": "employees", "source": "AlgOps API Client", "value": -5}'::jsonb,
  'the other is told as refused');
select is((select run_request_id from guardrail_refusal),
  (select r.id from run_request as r where r.source_id = test_setup.id('AlgOps API Client')), 'with the request that brought it');
select is(test_setup.state(test_setup.activity()), 'done', 'the activity is whole');
delete from workflow_request;
delete from value;

-- No source says anything better.
select test_setup.enrich('{a.test}', '{"datapoints": ["employees"]}');
insert into test_setup.reply (source, body)
values ('AlgOps API Client', '{"company": {"staff": {"count": 5000}}}'), ('Company Register', '{"result": {"entries": [{"employees": 6000}]}}');
select is(test_setup.serve(), 2, 'both say too much');
select is((select summary from activity_result),
  '{"objects": 1, "values": 0, "missing": 1, "refused": 2, "runs": {"done": 2}}'::jsonb, 'nothing is accepted');
select is(test_setup.state(test_setup.activity()), 'done:partial', 'the value is missing');

select * from finish();
