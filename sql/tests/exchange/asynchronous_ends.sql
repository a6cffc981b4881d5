-- The other ends of an asynchronous run: it fails there, never ends, gives no id, or holds its result in the status.
select plan(11);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
update source
set run_request_template = '{"method": "POST", "url": "https://api.algops.test/jobs/<<$object.domain>>"}',
    status_request_template = '{"method": "GET", "url": "https://api.algops.test/jobs/<<$run_external_id>>", "response": {"objects": "company"}}',
    poll_policy = '{"first_seconds": 0, "max_seconds": 0, "max_polls": 3}'
where name = 'AlgOps API Client';
select test_setup.enrich('{bad.test,slow.test,nobody.test,good.test}', '{"datapoints": ["industry"]}');
select is(
  (select count(*) from test_setup.claim() as c where test_setup.answer(c.run_request_id,
    case when c.request ->> 'url' like '%nobody%' then '{"status": "done"}'
      else jsonb_build_object('id', split_part(c.request ->> 'url', '/', 5)) end) = 'accepted'), 4::bigint, 'four are requested');
select is((select error from run_queue where state = 'failed'),
  '{"code": "no_external_id", "message": "AlgOps API Client gave neither an id to ask for nor objects."}'::jsonb,
  'without an id there is nothing to ask for');

select is(
  (select count(*) from test_setup.claim() as c where c.kind = 'status' and test_setup.answer(c.run_request_id,
    case
      when c.request ->> 'url' like '%bad%' then '{"status": "failed"}'
      when c.request ->> 'url' like '%slow%' then '{"status": "running"}'
      else '{"status": "completed", "company": {"sector": "Tools"}}'
    end::jsonb) = 'accepted'), 3::bigint, 'three are asked for their status');
select is(test_setup.runs(), array[
  'bad.test AlgOps API Client failed:source_failed',
  'good.test AlgOps API Client done',
  'nobody.test AlgOps API Client failed:no_external_id',
  'slow.test AlgOps API Client in_progress'], 'one has failed, one is done: the status held its result');
select is((select error ->> 'message' from run_queue where state_substate = 'source_failed'),
  'AlgOps API Client says its run ended as failed.', 'with the word the source used');
select is(test_setup.exchange('{"status": "running"}'), 1, 'the slow one is asked again');
select is(test_setup.exchange('{}'), 1, 'and again');
select is(test_setup.exchange('{}'), 0, 'but no more than max_polls');
select is((select error from run_queue where state_substate = 'poll_limit'),
  '{"code": "poll_limit", "message": "AlgOps API Client still says nothing after 3 questions."}'::jsonb, 'it has failed');
select is((select state || ':' || state_substate || ' ' || polls from run_request where state_substate = 'poll_limit'), 'failed:poll_limit 2',
  'so has its HTTP request');
select is(test_setup.state(test_setup.activity()), 'done:partial', 'the activity is done in part');

select * from finish();
