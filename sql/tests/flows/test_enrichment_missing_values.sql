-- What cannot be found, and what cannot even be asked: the rest goes on and the result says what is missing.
select plan(9);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_enrichment_test_data();

-- The register is asked by name as well, which only one of the companies has.
update source
set run_request_template = jsonb_set(run_request_template, '{query,name}', '"<<$object.name>>"')
where name = 'Company Register';
insert into test_setup.reply (source, request, body)
values
  ('AlgOps API Client', '{"url": "https://api.algops.test/v1/companies/named.test"}', '{"company": {"sector": null, "staff": {"count": 5}}}'),
  ('AlgOps API Client', '{"url": "https://api.algops.test/v1/companies/nameless.test"}', '{"company": {"sector": "Tools"}}'),
  ('Company Register', '{"query": {"name": "Named Ltd"}}', '{"result": {"entries": [{"website": "named.test", "capital": {}}]}}');

select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "named.test", "name": "Named Ltd"}, {"domain": "nameless.test"}, {"name": "No domain"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object(
    'id', test_setup.id('enrich companies'),
    'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb))));

select is((select errors from activity_request), '[{
  "code": "missing_value",
  "path": "$.input.companies[2]",
  "found": {"name": "No domain"},
  "message": "This company has no key: it needs domain.",
  "hint": "Give each of them a text, number or boolean."
}]'::jsonb, 'an object without its key is named with its place');
select is(test_setup.serve(), 3, 'three requests could be rendered and were sent');
select is(test_setup.runs(), array[
  'named.test AlgOps API Client done',
  'named.test Company Register done:no_value',
  'nameless.test AlgOps API Client done',
  'nameless.test Company Register invalid:missing_value'], 'the run that could not be rendered is invalid');
select is((select error from run_queue where state = 'invalid'), '{
  "code": "missing_value",
  "missing": ["object.name"],
  "message": "Nothing fills <<$object.name>> in the run request template of source Company Register."
}'::jsonb, 'and names its placeholder');
select is((select test_setup.history(id) from run_queue where state = 'invalid'),
  '{new,valid,waiting:allocation,invalid:missing_value}', 'it never was in progress');
select is(test_setup.state(test_setup.activity()), 'done:partial', 'the activity is done, partly');
select is(
  (select jsonb_agg(o.value -> 'values') from activity_result as r cross join lateral jsonb_array_elements(r.objects) as o),
  '[{"employees": 5}, {"industry": "Tools"}]'::jsonb, 'JSON null is no value, and nothing is made up');
select is((select summary from activity_result),
  '{"objects": 2, "values": 2, "missing": 4, "refused": 0, "runs": {"done": 3, "invalid": 1}}'::jsonb, 'the summary counts what is missing');
select test_setup.deliver();
select is(test_setup.state(test_setup.activity()), 'delivered:partial', 'the partial result is delivered');

select * from finish();
