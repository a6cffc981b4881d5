-- A search asks its next source when the first found nothing, or failed; not when it found something.
select plan(5);

select test_setup.setup_extract_test_data();
insert into source (id, name, activity_types, run_request_template)
values (test_setup.id('Second Search'), 'Second Search', '{extract}', '{"method": "GET", "url": "https://second.test/", "response": {"objects": "items"}}');
insert into object_source (source_id, object_type_id, direction, key_mapping_json)
values (test_setup.id('Second Search'), test_setup.id('company'), 'result', '"items"');
update activity set source_ids = array[test_setup.id('AlgOps Search'), test_setup.id('Second Search')]
where id = test_setup.id('extract companies');

select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies')))));
select test_setup.exchange('{"hits": [{"host": "a.test"}]}');
select is(test_setup.runs(), array['- AlgOps Search done'], 'found: no other is asked');
delete from workflow_request;

select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies')))));
select test_setup.exchange('{"hits": []}');
select is(test_setup.runs(), array['- AlgOps Search done', '- Second Search waiting:allocation'], 'nothing found: the next is asked');
select is(test_setup.exchange('{"items": [{"domain": "b.test"}]}'), 1, 'and answers');
select is((select summary from activity_result), '{"objects": 1, "values": 1, "missing": 0, "refused": 0, "new": 1, "known": 0, "runs": {"done": 2}}'::jsonb, 'with a result');
delete from workflow_request;

select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies')))));
select test_setup.exchange('{}', 401);
select is(test_setup.runs(), array['- AlgOps Search failed:http_401', '- Second Search waiting:allocation'], 'failed: the next is asked');

select * from finish();
