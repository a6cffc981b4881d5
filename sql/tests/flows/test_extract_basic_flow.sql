-- A search without input: new objects come from the answer, as they are named there.
select plan(8);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_extract_test_data();

select test_setup.start(jsonb_build_object('data', jsonb_build_object('find', jsonb_build_object(
  'id', test_setup.id('extract companies'),
  'type', 'activity',
  'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb))));

select is(test_setup.states(), array[
  'workflow_request in_progress 1',
  'activity_request find in_progress 1',
  'run_queue waiting:allocation 1'], 'a search is one run');
create temp table claimed as select * from test_setup.claim();
select is((select request from claimed), '{
  "method": "POST",
  "url": "https://api.algops.test/v1/search",
  "headers": {"authorization": "Bearer <<$secret.ALGOPS_KEY>>"},
  "body": {"filter": {}, "limit": 10}}'::jsonb, 'its request takes what the activity is configured with');
select is(test_setup.answer(run_request_id, '{"hits": [
  {"host": "Forge.test", "title": "Forge", "size": {"people": 12}},
  {"host": "mill.test", "title": "Mill"},
  {"title": "Without a host"},
  {"host": "forge.test", "title": "Forge again", "size": {"people": 13}}]}'), 'accepted', 'the source answers')
from claimed;

select is((select array_agg(natural_key order by created_at, natural_key) from object), array[
  '{"domain": "forge.test"}', '{"domain": "mill.test"}']::jsonb[], 'each object is stored once; what has no key is left out');
select is((select objects from activity_result), '[
  {"object_type": "company", "key": {"domain": "forge.test"},
   "values": {"domain": "forge.test", "name": "Forge again", "employees": 13},
   "new": true,
   "provenance": {
     "domain": {"source": "AlgOps Search", "confidence": 1, "observed_at": "2026-05-01T10:00:00+00:00"},
     "name": {"source": "AlgOps Search", "confidence": 1, "observed_at": "2026-05-01T10:00:00+00:00"},
     "employees": {"source": "AlgOps Search", "confidence": 1, "observed_at": "2026-05-01T10:00:00+00:00"}}},
  {"object_type": "company", "key": {"domain": "mill.test"},
   "values": {"domain": "mill.test", "name": "Mill"},
   "new": true,
   "provenance": {
     "domain": {"source": "AlgOps Search", "confidence": 1, "observed_at": "2026-05-01T10:00:00+00:00"},
     "name": {"source": "AlgOps Search", "confidence": 1, "observed_at": "2026-05-01T10:00:00+00:00"}}}
]'::jsonb, 'the result is all that is known of them; of two sightings the later counts');
select is(
  (select array_agg(message || ' ' || (context -> 'objects')::text) from etl_api.etl_log where station = 'results'),
  array['1 of the objects in the answer of AlgOps Search had no key and were left out: company needs domain. 1'], 'the log tells of the object without a key');
select is(test_setup.deliver(), 1, 'one message');
select is(test_setup.states(), array[
  'workflow_request delivered 1',
  'activity_request find delivered 1',
  'run_queue done 1',
  'run_request done 1',
  'delivery delivered 1'], 'all is delivered');

select * from finish();
