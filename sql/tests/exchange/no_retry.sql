-- What will not get better by asking again fails at once.
select plan(3);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
create temp table given (n serial, result jsonb, code text);
insert into given (result, code)
values
  ('{"status": 400, "body": {}}', 'http_400'),
  ('{"status": 401}', 'http_401'),
  ('{"status": 404, "error": {"kind": "invalid_json"}}', 'http_404'),
  ('{"status": 422, "headers": {"retry-after": "5"}}', 'http_422'),
  ('{"status": 302}', 'http_302'),
  ('{"error": {"kind": "too_large", "message": "The answer is larger than 10 MB."}}', 'too_large'),
  ('{"error": {"kind": "blocked", "message": "The address is private."}}', 'blocked'),
  ('{"error": {"kind": "secret_missing", "message": "There is no secret ALGOPS_KEY."}}', 'secret_missing'),
  ('{"error": {"kind": "bad_request"}}', 'bad_request'),
  ('{"status": 200, "body": {"error": {"text": "quota"}}}', 'source_error');
select test_setup.enrich(array(select n || '.test' from given), '{"datapoints": ["industry"]}');
select is(
  (select count(*) from test_setup.claim() as c join given as g on c.request ->> 'url' like '%/' || g.n || '.test'
   where test_setup.complete(c.run_request_id, g.result) = 'accepted'), 10::bigint, 'each is accepted');
select is(
  (select array_agg(q.state || ':' || q.state_substate order by g.n)
   from run_queue as q join object as o on o.id = q.object_id join given as g on o.natural_key ->> 'domain' = g.n || '.test'),
  (select array_agg('failed:' || g.code order by g.n) from given as g), 'and its run has failed by its class');
select is(
  (select array_agg(q.error ->> 'message' order by g.n)
   from run_queue as q join object as o on o.id = q.object_id join given as g on o.natural_key ->> 'domain' = g.n || '.test'
   where g.n >= 5),
  array['AlgOps API Client answered with HTTP status 302; redirects are not followed, so give the address it leads to.',
    'The answer is larger than 10 MB.', 'The address is private.', 'There is no secret ALGOPS_KEY.',
    'AlgOps API Client gave no answer.', 'AlgOps API Client says: {"text": "quota"}'], 'with the sentence that was reported');

select * from finish();
