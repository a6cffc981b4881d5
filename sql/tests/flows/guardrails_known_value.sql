-- A value known before that breaks a guardrail is not delivered, however fresh: it is asked for again.
select plan(8);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into factor (id, org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
values
  (test_setup.id('size'), test_setup.id('org acme'), test_setup.id('enrich companies'), 'volume',
    test_setup.id('company'), test_setup.id('company.employees'), 'less_than', '1000', true),
  (test_setup.id('sector'), test_setup.id('org acme'), test_setup.id('enrich companies'), 'option',
    test_setup.id('company'), test_setup.id('company.industry'), 'is_not_null', null, true);

select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "a.test", "employees": 5000}, {"domain": "b.test", "employees": 5, "industry": "Tools"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'),
    'setup', '{"config": {"datapoints": ["employees", "industry"]}}'::jsonb))));
select is(test_setup.runs(), array['a.test AlgOps API Client waiting:allocation'], 'the one is asked about, the other known');
select is((select request #> '{body,ask}' from test_setup.claim()), '["employees", "industry"]'::jsonb, 'for what may not be and for what is missing');
select is((select array_agg(stage || ' ' || value) from guardrail_refusal), '{"after_result 5000"}',
  'what is known and may not be is refused; that something asked for is not known yet is no refusal');
select is(test_setup.complete((select id from run_request), '{"status": 200, "body": {"company": {"staff": {"count": 30}, "sector": "Mills"}}}'), 'accepted', 'the source answers');
select is((select jsonb_agg(o -> 'values') from activity_result as r cross join lateral jsonb_array_elements(r.objects) as o),
  '[{"employees": 30, "industry": "Mills"}, {"employees": 5, "industry": "Tools"}]'::jsonb, 'its value is delivered, though the input''s stands');
select is((select jsonb_agg(r ->> 'source') from activity_result cross join lateral jsonb_array_elements(refusals) as r), '["input"]'::jsonb, 'the input''s is refused');
select is((select (summary ->> 'refused')::int from activity_result), 1, 'once');
select is(test_setup.state(test_setup.activity()), 'done', 'nothing is missing');

select * from finish();
