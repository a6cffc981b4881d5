-- A source that is not needed is never asked, and a failed one hands over to the next.
select plan(7);

select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{a.test,b.test,c.test}', '{"datapoints": ["employees"]}');
create temp table claimed as select * from test_setup.claim();
select is((select count(*) from claimed where source = 'AlgOps API Client'), 3::bigint, 'three are asked about');
select is(
  (select array_agg(test_setup.answer(run_request_id, a.body, a.status) order by a.url)
   from claimed
   join (values
     ('a.test', '{"company": {"staff": {"count": 1}}}'::jsonb, 200),
     ('b.test', '{"company": {"staff": {}}}', 200),
     ('c.test', '{"message": "forbidden"}', 403)) as a (url, body, status)
     on claimed.request ->> 'url' like '%/' || a.url),
  '{accepted,accepted,accepted}', 'one is known, one is not, one is refused');
select is(test_setup.runs(), array[
  'a.test AlgOps API Client done',
  'b.test AlgOps API Client done:no_value',
  'b.test Company Register waiting:allocation',
  'c.test AlgOps API Client failed:http_403',
  'c.test Company Register waiting:allocation'], 'the next source is asked about the two others only');
select is(test_setup.exchange('{"result": {"entries": [{"website": "b.test", "employees": 2}]}}'), 2, 'it answers both times alike');
select is(test_setup.runs(), array[
  'a.test AlgOps API Client done',
  'b.test AlgOps API Client done:no_value',
  'b.test Company Register done',
  'c.test AlgOps API Client failed:http_403',
  'c.test Company Register done:no_value'], 'the one it did not speak of got no value');
select is((select summary from activity_result), '{"objects": 3, "values": 2, "missing": 1, "refused": 0, "runs": {"done": 4, "failed": 1}}'::jsonb,
  'no source is left: one value is missing');
select is(test_setup.state(test_setup.activity()), 'done:partial', 'the activity is done in part');

select * from finish();
