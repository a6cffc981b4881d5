-- Location and size of the request reach the source with their JSON types, over the activity's own config.
select plan(7);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_extract_test_data();
update activity
set config = '{"max_objects": 10, "filter": {"location": {"country": "DE"}}, "language": "de"}'
where id = test_setup.id('extract companies');

select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object(
  'id', test_setup.id('extract companies'),
  'setup', '{"config": {"max_objects": 2, "filter": {
    "location": {"country": "AT", "radius_km": 50}, "size": {"min": 10, "max": null}, "active": true}}}'::jsonb))));

create temp table claimed as select * from test_setup.claim();
select is((select request -> 'body' from claimed), '{
  "filter": {"location": {"country": "AT", "radius_km": 50}, "size": {"min": 10, "max": null}, "active": true},
  "limit": 2}'::jsonb, 'the filter arrives whole: numbers, booleans and nulls as such');
select is((select config ->> 'language' from activity_request), 'de', 'what the request does not set stays as configured');

select is(test_setup.answer(run_request_id, '{"hits": [
  {"host": "a.test", "title": "A"}, {"host": "b.test", "title": "B"}, {"host": "c.test", "title": "C"}]}'), 'accepted',
  'the source gives more than was asked for') from claimed;
select is(
  (select jsonb_agg(o.value -> 'key' -> 'domain') from activity_result as r cross join lateral jsonb_array_elements(r.objects) as o),
  '["a.test", "b.test"]'::jsonb, 'the result holds max_objects');
select is(test_setup.state(test_setup.activity('find')), 'done', 'and that is all that was wanted');

-- What an activity itself looks for reaches the source as criteria, beside the filter of the request; the engine ranks by
-- it what the source gives all the same, and holds it against the guardrails.
delete from workflow_request;
update source
set run_request_template = run_request_template || '{"body": {"criteria": "<<$criteria>>", "where": "<<$run_setup.filter.location>>", "limit": "<<$max_objects>>"}}'
where name = 'AlgOps Search';
insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail, created_at)
values
  (test_setup.id('org acme'), test_setup.id('extract companies'), 'volume', test_setup.id('company'), test_setup.id('company.employees'), 'greater_than', '50', false, '2026-01-01'),
  (test_setup.id('org acme'), test_setup.id('extract companies'), 'option', test_setup.id('company'), test_setup.id('company.name'), 'not_equals', 'X', true, '2026-01-02');
select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object(
  'id', test_setup.id('extract companies'), 'setup', '{"config": {"max_objects": 2}}'::jsonb))));
create temp table criteria as select * from test_setup.claim();
select is((select request -> 'body' #- '{criteria,0,description}' from criteria), '{
  "criteria": [{"factor_type": "volume", "object_type": "company", "datapoint": "employees", "operator": "greater_than", "value": "50", "is_guardrail": false}],
  "where": {"country": "DE"}, "limit": 2}'::jsonb, 'criteria and a part of the filter arrive');
select test_setup.answer(run_request_id, '{"hits": [
  {"host": "1.test", "title": "A", "size": {"people": 10}}, {"host": "2.test", "title": "X", "size": {"people": 90}},
  {"host": "3.test", "title": "C", "size": {"people": 60}}, {"host": "4.test", "title": "D", "size": {"people": 70}}]}') from criteria;
select is(
  (select jsonb_agg(o.value -> 'key' -> 'domain') from activity_result as r cross join lateral jsonb_array_elements(r.objects) as o),
  '["3.test", "4.test"]'::jsonb, 'those that meet them are kept, without the one that may not be');

select * from finish();
