-- A guardrail on what is not asked for decides which objects run: by what is known of them; what is not known refuses nothing.
select plan(9);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into factor (id, org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
values (test_setup.id('size'), test_setup.id('org acme'), test_setup.id('enrich companies'), 'volume',
  test_setup.id('company'), test_setup.id('company.employees'), 'greater_than', '50', true);

select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "small.test", "employees": 7, "industry": "Anvils"}, {"domain": "big.test", "employees": 700}, {"domain": "unknown.test"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object('id', test_setup.id('enrich companies'),
    'setup', '{"config": {"datapoints": ["industry", "funding"]}}'::jsonb, 'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb))));
select is(test_setup.runs(), array['big.test AlgOps API Client waiting:allocation', 'big.test Company Register waiting:allocation',
  'unknown.test AlgOps API Client waiting:allocation', 'unknown.test Company Register waiting:allocation'],
  'the one that breaks it is not run, the one that may break it is');
select is(
  (select jsonb_agg(to_jsonb(r) - '{id,org_id,object_id,activity_request_id,refused_at}'::text[]) from guardrail_refusal as r),
  jsonb_build_array(jsonb_build_object('stage', 'before_run', 'datapoint_id', test_setup.id('company.employees'), 'source_id', null,
    'factor_id', test_setup.id('size'), 'description', (select description from factor where id = test_setup.id('size')), 'value', 7, 'run_request_id', null)),
  'the refusal says by which guardrail and which value');
select is((select refused_at from guardrail_refusal), '2026-05-01 10:00:00Z', 'and when');

insert into test_setup.reply (source, body)
values ('AlgOps API Client', '{"company": {"sector": "Tools", "staff": {"count": 12}}}'),
  ('Company Register', '{"result": {"entries": [{"employees": "800", "capital": {"raised": 5}}]}}');
select is(test_setup.serve(), 4, 'the sources answer');
select is(
  (select jsonb_agg(jsonb_build_object(o.value #>> '{key,domain}', o.value -> 'values') order by o.n)
   from activity_result as r cross join lateral jsonb_array_elements(r.objects) with ordinality as o (value, n)),
  '[{"small.test": {"industry": "Anvils"}}, {"big.test": {"industry": "Tools", "funding": 5}}, {"unknown.test": {"industry": "Tools", "funding": 5}}]'::jsonb,
  'the refused one stays in the result with what is known of it');
select is((select summary from activity_result),
  '{"objects": 3, "values": 5, "missing": 1, "refused": 3, "runs": {"done": 4}}'::jsonb, 'what is refused is counted');
select is(
  (select jsonb_agg(r - 'description') from delivery_body cross join lateral jsonb_array_elements(body #> '{data,refusals}') as r),
  '[{"key": {"domain": "small.test"}, "stage": "before_run", "datapoint": "employees", "source": "input", "value": 7},
    {"key": {"domain": "big.test"}, "stage": "after_result", "datapoint": "employees", "source": "AlgOps API Client", "value": 12},
    {"key": {"domain": "unknown.test"}, "stage": "after_result", "datapoint": "employees", "source": "AlgOps API Client", "value": 12}]'::jsonb,
  'and delivered, also values that were not asked for');
select is((select count(*) from value where datapoint_id = test_setup.id('company.employees') and source_id = test_setup.id('AlgOps API Client')),
  0::bigint, 'none of them is stored');
select is(test_setup.state(test_setup.activity()), 'done:partial', 'the activity is done, in part');

select * from finish();
