-- Pages end early: enough objects, a cursor that leads to itself, max_pages; and a failing page keeps what came before.
select plan(10);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_extract_test_data();
update source
set run_request_template = '{"method": "GET", "url": "https://api.algops.test/search", "query": {"after": "<<$cursor>>"},
      "response": {"objects": "hits", "next_cursor": "next"}}',
    retry_policy = '{"max_attempts": 1}'
where name = 'AlgOps Search';
create function pg_temp.find(config jsonb) returns uuid language sql as $$
  delete from workflow_request;
  select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object(
    'id', test_setup.id('extract companies'), 'setup', jsonb_build_object('config', config)))))
$$;

select pg_temp.find('{"max_objects": 3}');
select test_setup.exchange('{"hits": [{"host": "a.test"}, {"host": "b.test"}], "next": 2}');
select is(test_setup.exchange('{"hits": [{"host": "c.test"}, {"host": "d.test"}], "next": 3}'), 1, 'two pages bring more than was wanted');
select is(test_setup.exchange('{"hits": []}'), 0, 'no third one is asked');
select is((select summary from activity_result), '{"objects": 3, "values": 3, "missing": 0, "refused": 0, "new": 3, "known": 0, "runs": {"done": 1}}'::jsonb, 'the result holds max_objects');

select pg_temp.find('{}');
select test_setup.exchange('{"hits": [{"host": "a.test"}], "next": "x"}');
select is(test_setup.exchange('{"hits": [{"host": "b.test"}], "next": "x"}'), 1, 'a page names itself as the next');
select is(test_setup.state((select id from workflow_request)), 'done', 'then it was the last');

update etl_api.setting set value = '2' where name = 'max_pages';
select pg_temp.find('{}');
select test_setup.exchange('{"hits": [{"host": "a.test"}], "next": 1}');
select is(test_setup.exchange('{"hits": [{"host": "b.test"}], "next": 2}'), 1, 'the second of at most two pages');
select is(test_setup.state((select id from workflow_request)), 'done', 'is the last');
update etl_api.setting set value = '1000' where name = 'max_pages';

select pg_temp.find('{}');
select test_setup.exchange('{"hits": [{"host": "a.test"}], "next": 1}');
select is(test_setup.exchange('{}', 500), 1, 'the second page fails for good');
select is(test_setup.states(), array[
  'workflow_request done:partial 1',
  'activity_request find done:partial 1',
  'run_queue failed:http_500 1',
  'run_request done 1',
  'run_request failed:http_500 1'], 'the run has failed, the activity has a partial result');
select is((select summary from activity_result), '{"objects": 1, "values": 1, "missing": 0, "refused": 0, "new": 0, "known": 1, "runs": {"failed": 1}}'::jsonb, 'of what came before');

select * from finish();
