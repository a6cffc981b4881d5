-- Searches by objects: a guardrail on the type they take decides which are searched by, one on the type they find what is found.
select plan(6);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_sourcing_test_data();
insert into object_source (source_id, object_type_id, direction, key_mapping_json)
values (test_setup.id('AlgOps People'), test_setup.id('company'), 'input', '{"path": ["input", "companies"]}');
insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
values
  (test_setup.id('org acme'), test_setup.id('source people'), 'volume', test_setup.id('company'), test_setup.id('company.employees'), 'greater_than', '10', true),
  (test_setup.id('org acme'), test_setup.id('source people'), 'option', test_setup.id('person'), test_setup.id('person.title'), 'not_equals', 'Intern', true);

select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "small.test", "employees": 5}, {"domain": "big.test", "employees": 50}]}'::jsonb,
  'data', jsonb_build_object('source', jsonb_build_object('id', test_setup.id('source people')))));
select is(test_setup.runs(), array['big.test AlgOps People waiting:allocation'], 'only the one that is big enough is searched by');
select is(test_setup.exchange('{"people": [
  {"contact": {"mail": "i@big.test"}, "position": "Intern"}, {"contact": {"mail": "c@big.test"}, "position": "CEO"}]}'), 1, 'two people are found');
select is((select jsonb_agg(o #> '{key,email}') from activity_result cross join lateral jsonb_array_elements(objects) as o),
  '["c@big.test"]'::jsonb, 'one of them qualifies');
select is((select array_agg(stage || ' ' || (select natural_key from object where id = object_id) order by id) from guardrail_refusal),
  array['before_run {"domain": "small.test"}', 'after_result {"email": "i@big.test"}'], 'each refusal has its stage');
delete from workflow_request;

-- All that it could be searched by is refused: it is not searched without.
select test_setup.start(jsonb_build_object(
  'input', '{"companies": [{"domain": "small.test", "employees": 5}]}'::jsonb,
  'data', jsonb_build_object('source', jsonb_build_object('id', test_setup.id('source people')))));
select is(test_setup.runs(), '{}', 'nothing is asked');
select is(test_setup.state(test_setup.activity('source')), 'done:no_objects', 'there are no objects');

select * from finish();
