-- What may get better is tried again: no answer, time-outs, broken JSON, statuses that say so.
select plan(3);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
create temp table given (n serial, result jsonb, code text);
insert into given (result, code)
values
  ('{"error": {"kind": "timeout"}}', 'timeout'),
  ('{"error": {"kind": "network", "message": "connection refused"}}', 'network'),
  ('{}', 'network'),
  ('{"status": 200, "body_text": "<html>", "error": {"kind": "invalid_json", "message": "The answer is not JSON."}}', 'invalid_json'),
  ('{"status": 408}', 'http_408'),
  ('{"status": 425}', 'http_425'),
  ('{"status": 429}', 'rate_limited'),
  ('{"status": 500, "body_text": "oops"}', 'http_500'),
  ('{"status": 503, "error": {"kind": "invalid_json"}}', 'http_503');
select test_setup.enrich(array(select n || '.test' from given), '{"datapoints": ["industry"]}');
select is(
  (select count(*) from test_setup.claim() as c join given as g on c.request ->> 'url' like '%/' || g.n || '.test'
   where test_setup.complete(c.run_request_id, g.result) = 'accepted'), 9::bigint, 'each is accepted');
select is(
  (select array_agg(r.state || ':' || r.state_substate || ' ' || (r.error ->> 'code') order by g.n)
   from run_request as r
   join given as g on r.request ->> 'url' like '%/' || g.n || '.test'),
  (select array_agg('waiting:backoff ' || g.code order by g.n) from given as g), 'and waits for its next attempt');
select is((select array_agg(p.body_text order by p.body_text) from run_response as p where p.body_text is not null),
  array['<html>', 'connection refused', 'oops'], 'what came instead of JSON is kept for people');

select * from finish();
