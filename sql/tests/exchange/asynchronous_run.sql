-- A source that answers with an id is asked for its status by a schedule, and for the result when it is done.
select plan(19);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
update source
set run_request_template = '{"method": "POST", "url": "https://api.algops.test/jobs", "body": {"domain": "<<$object.domain>>"},
      "response": {"external_id": ["job", "id"]}}',
    status_request_template = '{"method": "GET", "url": "https://api.algops.test/jobs/<<$run_external_id>>",
      "response": {"status": ["job", "state"], "done": ["finished"], "failed": ["broken"], "pending": ["queued"]}}',
    delivery_request_template = '{"method": "GET", "url": "https://api.algops.test/jobs/<<$run_external_id>>/result",
      "query": {"of": "<<$object.domain>>"}, "response": {"objects": "company"}}',
    poll_policy = '{"first_seconds": 10, "factor": 2, "max_seconds": 30}'
where name = 'AlgOps API Client';
select test_setup.enrich('{a.test}', '{"datapoints": ["industry"]}');

create temp table sent as select * from test_setup.claim();
select is((select request from sent), '{"method": "POST", "url": "https://api.algops.test/jobs", "body": {"domain": "a.test"}}'::jsonb,
  'the run is requested');
select is(test_setup.answer(run_request_id, '{"job": {"id": 4711}}', 202), 'accepted', 'the source gives an id') from sent;
select is(
  (select array_agg(r.kind || ' ' || r.state || coalesce(':' || r.state_substate, '') || ' ' || coalesce(r.external_id, '-') order by r.kind) from run_request as r),
  array['run done 4711', 'status waiting:polling 4711'], 'its status will be asked');
select is((select due_at from run_request where kind = 'status'), '2026-05-01 10:00:10Z', 'after first_seconds');
select is(test_setup.runs(), array['a.test AlgOps API Client in_progress'], 'the run is under way');

set etl.fake_now = '2026-05-01 10:00:09Z';
select is((select count(*) from test_setup.claim()), 0::bigint, 'not earlier');
set etl.fake_now = '2026-05-01 10:00:10Z';
delete from sent;
insert into sent select * from test_setup.claim();
select is((select kind || ' ' || (request ->> 'url') from sent), 'status https://api.algops.test/jobs/4711', 'the status is asked by the id');
select is(test_setup.answer(run_request_id, '{"job": {"state": "queued"}}'), 'accepted', 'not yet') from sent;
select is((select due_at from run_request where kind = 'status'), '2026-05-01 10:00:30Z', 'asked again after twice that time');

set etl.fake_now = '2026-05-01 10:00:30Z';
select is(test_setup.exchange('{"job": {"state": "some new word"}}'), 1, 'a word that nobody told counts as not yet');
select is((select due_at from run_request where kind = 'status'), '2026-05-01 10:01:00Z', 'no later than max_seconds');
set etl.fake_now = '2026-05-01 10:01:00Z';
select is(test_setup.exchange('{}', 503), 1, 'the status request itself fails');
select is((select due_at from run_request where kind = 'status'), '2026-05-01 10:01:02Z', 'then the back-off counts');
set etl.fake_now = '2026-05-01 10:01:02Z';
select is(test_setup.exchange('{"job": {"state": "finished"}}'), 1, 'done');

delete from sent;
insert into sent select * from test_setup.claim();
select is((select kind || ' ' || request::text from sent), 'delivery ' || '{"method": "GET", "url": "https://api.algops.test/jobs/4711/result", "query": {"of": "a.test"}}'::jsonb::text,
  'the result is fetched at once');
select is(test_setup.answer(run_request_id, '{"company": {"domain": "a.test", "sector": "Tools"}}'), 'accepted', 'it is there') from sent;
select is((select objects #> '{0,values}' from activity_result), '{"industry": "Tools"}'::jsonb, 'and mapped');
select is(test_setup.history((select id from run_request where kind = 'status')), array[
  'new', 'valid', 'waiting:polling', 'ready', 'in_progress',
  'waiting:polling', 'ready', 'in_progress',
  'waiting:polling', 'ready', 'in_progress',
  'waiting:backoff', 'ready', 'in_progress', 'done'], 'history of the status question');
select is(test_setup.states(), array[
  'workflow_request done 1',
  'activity_request enrich done 1',
  'run_queue done 1',
  'run_request done 3'], 'all is done');

select * from finish();
