-- Each object that a search finds says whether it is new to the org; only_new leaves the others out.
select plan(10);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_extract_test_data();
update source
set run_request_template = '{"method": "GET", "url": "https://api.algops.test/v1/search", "query": {"page": "<<$page>>"}, "response": {"objects": "hits"}}';
select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies')))));
insert into test_setup.reply (source, request, body)
values ('AlgOps Search', '{"query": {"page": 1}}', '{"hits": [{"host": "a.test", "title": "A"}, {"host": "b.test", "title": "B"}, {"host": "A.test", "title": "A again"}]}'),
  ('AlgOps Search', '{"query": {"page": 2}}', '{"hits": [{"host": "b.test", "title": "B"}]}'),
  ('AlgOps Search', '{}', '{"hits": []}');
select is(test_setup.serve(), 3, 'pages are asked until one is empty');
select is((select jsonb_agg(o -> 'new') from activity_result cross join lateral jsonb_array_elements(objects) as o), '[true, true]'::jsonb,
  'what was never seen is new, though it came more than once');
select is((select summary from activity_result), '{"objects": 2, "values": 4, "missing": 0, "refused": 0, "new": 2, "known": 0, "runs": {"done": 1}}'::jsonb, 'the summary counts');
delete from workflow_request;

delete from test_setup.reply;
insert into test_setup.reply (source, request, body)
values ('AlgOps Search', '{"query": {"page": 1}}', '{"hits": [{"host": "a.test", "title": "A"}, {"host": "c.test", "title": "C"}]}'),
  ('AlgOps Search', '{"query": {"page": 2}}', '{"hits": [{"host": "d.test", "title": "D"}, {"host": "e.test", "title": "E"}]}'),
  ('AlgOps Search', '{}', '{"hits": []}');
select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies'), 'setup', '{"config": {"max_objects": 2}}'::jsonb))));
select is(test_setup.serve(), 1, 'max_objects are found');
select is((select jsonb_object_agg(o #>> '{key,domain}', o -> 'new') from activity_result cross join lateral jsonb_array_elements(objects) as o),
  '{"a.test": false, "c.test": true}'::jsonb, 'the one of before is known, the other new');
select is((select (summary ->> 'new') || (summary ->> 'known') from activity_result), '11', 'counted apart');
delete from workflow_request;

select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies'), 'setup', '{"config": {"max_objects": 1, "only_new": true}}'::jsonb))));
select is(test_setup.serve(), 2, 'known ones do not count: the next page is asked');
select is((select jsonb_agg(o #> '{key,domain}') from activity_result cross join lateral jsonb_array_elements(objects) as o), '["d.test"]'::jsonb, 'a new one is the result');
delete from workflow_request;

-- New to one org says nothing of another.
select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies'), 'setup', '{"config": {"only_new": true}}'::jsonb))));
select test_setup.serve();
select is(test_setup.state(test_setup.activity('find')), 'done:no_objects', 'nothing is new any more');
insert into activity (id, org_id, name, activity_type, object_type_id)
values (test_setup.id('other find'), test_setup.id('org other'), 'Find', 'extract', test_setup.id('company'));
delete from workflow_request;
select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('other find')))), test_setup.id('org other'));
select test_setup.serve();
select is((select summary ->> 'new' from activity_result), '4', 'to the other org all are new');

select * from finish();
