-- A cursor leads from page to page, each an HTTP request of its own, until there is none.
select plan(10);

select test_setup.setup_extract_test_data();
update source
set run_request_template = '{"method": "GET", "url": "https://api.algops.test/search", "query": {"after": "<<$cursor>>", "page": "<<$page>>"},
  "response": {"objects": "hits", "next_cursor": ["page", "next"]}}'
where name = 'AlgOps Search';
select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object('id', test_setup.id('extract companies')))));

create temp table sent as select * from test_setup.claim();
select is((select request -> 'query' from sent), '{"after": null, "page": 1}'::jsonb, 'the first page has no cursor');
select is(test_setup.answer(run_request_id, '{"hits": [{"host": "a.test"}], "page": {"next": "c2"}}'), 'accepted', 'it names the next') from sent;
select is((select array_agg(kind || ' ' || page || ' ' || state || ' ' || (root_id = (select run_request_id from sent)) order by page) from run_request),
  array['run 1 done true', 'run 2 waiting true'], 'which waits as a request of its own, in the same chain');
select is((select test_setup.state(id) from run_queue), 'in_progress', 'the run is under way');
delete from sent;
insert into sent select * from test_setup.claim();
select is((select request -> 'query' from sent), '{"after": "c2", "page": 2}'::jsonb, 'the second page is asked by its cursor');
select is(test_setup.answer(run_request_id, '{"hits": [{"host": "b.test"}], "page": {"next": {"from": 7}}}'), 'accepted', 'a cursor may be any JSON') from sent;
delete from sent;
insert into sent select * from test_setup.claim();
select is((select request -> 'query' from sent), '{"after": {"from": 7}, "page": 3}'::jsonb, 'it is sent as it came');
select is(test_setup.answer(run_request_id, '{"hits": [{"host": "a.test"}, {"host": "c.test"}], "page": {"next": null}}'), 'accepted', 'the last page') from sent;
select is((select jsonb_agg(o.value -> 'key' -> 'domain' order by o.n) from activity_result cross join lateral jsonb_array_elements(objects) with ordinality as o (value, n)),
  '["a.test", "b.test", "c.test"]'::jsonb, 'the result holds all pages, each object once');
select is(test_setup.states(), array[
  'workflow_request done 1',
  'activity_request find done 1',
  'run_queue done 1',
  'run_request done 3'], 'one run, three requests');

select * from finish();
