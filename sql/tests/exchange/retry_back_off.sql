-- A failed attempt is made again after base × factor ^ (attempt − 1) seconds, up to max_seconds; then the run has failed.
select plan(16);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
update source
set retry_policy = '{"max_attempts": 5, "base_seconds": 3, "factor": 4, "max_seconds": 100, "jitter": 0}'
where name = 'AlgOps API Client';
select test_setup.enrich('{a.test}', '{"datapoints": ["employees"]}');

select is(test_setup.exchange('{}', 500), 1, 'first attempt');
select is((select due_at from run_request), '2026-05-01 10:00:03Z', 'next in 3 s');
select is((select test_setup.state(id) from run_request), 'waiting:backoff', 'it waits');
select is((select error from run_request),
  '{"code": "http_500", "message": "AlgOps API Client answered with HTTP status 500."}'::jsonb, 'the error stands with it');
set etl.fake_now = '2026-05-01 10:00:02.999Z';
select is(test_setup.exchange('{}', 500), 0, 'not a moment earlier');
set etl.fake_now = '2026-05-01 10:00:03Z';
select is(test_setup.exchange('{}', 502), 1, 'second attempt');
select is((select due_at from run_request), '2026-05-01 10:00:15Z', 'next in 12 s');
set etl.fake_now = '2026-05-01 10:01:00Z';
select is(test_setup.exchange('{}', 503), 1, 'third attempt, somewhat late');
select is((select due_at from run_request), '2026-05-01 10:01:48Z', 'next in 48 s from now');
set etl.fake_now = '2026-05-01 10:02:00Z';
select test_setup.exchange('{}', 408);
select is((select due_at from run_request), '2026-05-01 10:03:40Z', 'after the fourth in 100 s: no more than max_seconds');
select is((select test_setup.state(id) from run_queue), 'in_progress', 'the run is under way all the time');
set etl.fake_now = '2026-05-01 10:04:00Z';
select is(test_setup.exchange('{}', 500), 1, 'fifth attempt');
select is(test_setup.runs(), array['a.test AlgOps API Client failed:http_500', 'a.test Company Register waiting:allocation'],
  'that was the last one: the next source is asked');
select is((select array[attempts, http_status] from run_request where root_id = id order by id limit 1), '{5,500}', 'five attempts of one request');
select is((select array_agg(http_status order by answer_no) from run_response), '{500,502,503,408,500}', 'every answer is kept');
select is((select test_setup.history(id) from run_request order by id limit 1), array[
  'new', 'valid', 'ready', 'in_progress',
  'waiting:backoff', 'ready', 'in_progress',
  'waiting:backoff', 'ready', 'in_progress',
  'waiting:backoff', 'ready', 'in_progress',
  'waiting:backoff', 'ready', 'in_progress', 'failed:http_500'], 'and so is every step');

select * from finish();
