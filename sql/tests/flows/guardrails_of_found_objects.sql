-- A found object that breaks a guardrail is no result; what is known of it stays known. A guardrail that asks for a value
-- refuses those without; any other only those known to break it.
select plan(12);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_extract_test_data();
insert into factor (org_id, activity_id, factor_type, object_type_id, datapoint_id, operator, value, is_guardrail)
values
  (test_setup.id('org acme'), test_setup.id('extract companies'), 'volume', test_setup.id('company'), test_setup.id('company.employees'), 'greater_equal', '10', true),
  (test_setup.id('org acme'), test_setup.id('extract companies'), 'option', test_setup.id('company'), test_setup.id('company.name'), 'is_not_null', null, true);

select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies')))));
select is(test_setup.exchange('{"hits": [
  {"host": "a.test", "title": "A", "size": {"people": 5}},
  {"host": "b.test", "title": "B", "size": {"people": 50}},
  {"host": "c.test", "title": "C"},
  {"host": "d.test", "size": {"people": 500}},
  {"host": "e.test", "size": {"people": 1}}]}'), 1, 'five are found');
select is((select jsonb_agg(o #> '{key,domain}') from activity_result cross join lateral jsonb_array_elements(objects) as o),
  '["b.test", "c.test"]'::jsonb, 'two qualify: the one that is big enough, and the one that may be');
select is((select summary from activity_result),
  '{"objects": 2, "values": 5, "missing": 0, "refused": 4, "new": 2, "known": 0, "runs": {"done": 1}}'::jsonb, 'each broken guardrail counts');
select is((select jsonb_agg(r - 'description') from activity_result cross join lateral jsonb_array_elements(refusals) as r where r ->> 'datapoint' = 'employees'), '[
  {"key": {"domain": "a.test"}, "stage": "after_result", "datapoint": "employees", "source": "AlgOps Search", "value": 5},
  {"key": {"domain": "e.test"}, "stage": "after_result", "datapoint": "employees", "source": "AlgOps Search", "value": 1}]'::jsonb, 'with the value that broke it');
select is((select jsonb_agg(r - 'description') from activity_result cross join lateral jsonb_array_elements(refusals) as r where r ->> 'datapoint' = 'name'), '[
  {"key": {"domain": "d.test"}, "stage": "after_result", "datapoint": "name", "source": null, "value": null},
  {"key": {"domain": "e.test"}, "stage": "after_result", "datapoint": "name", "source": null, "value": null}]'::jsonb, 'or without any');
select is((select count(*) from object), 5::bigint, 'all are stored');
select is((select count(*) from value), 12::bigint, 'with what was said of them');
select is(test_setup.runs(), array['- AlgOps Search done'], 'the run brought something');
delete from workflow_request;

-- All refused: as if nothing had been found.
select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies')))));
select is(test_setup.exchange('{"hits": [{"host": "a.test", "title": "A", "size": {"people": 6}}]}'), 1, 'one is found');
select is(test_setup.runs(), array['- AlgOps Search done:refused'], 'the run says that it was refused');
select is(test_setup.state(test_setup.activity('find')), 'done:no_objects', 'the activity has no objects');
select is((select refusals #> '{0,value}' from activity_result), '6', 'and tells why');

select * from finish();
