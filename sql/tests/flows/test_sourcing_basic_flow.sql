-- People by one factor: what is looked for is in the request, who was found is in the result.
select plan(6);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_sourcing_test_data();

select test_setup.start(jsonb_build_object('data', jsonb_build_object('source', jsonb_build_object(
  'id', test_setup.id('source people'),
  'type', 'activity',
  'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb))));

create temp table claimed as select * from test_setup.claim();
select is((select request from claimed), jsonb_build_object(
  'method', 'POST',
  'url', 'https://api.algops.test/v1/people',
  'headers', '{"authorization": "Bearer <<$secret.ALGOPS_KEY>>"}'::jsonb,
  'body', jsonb_build_object(
    'criteria', criterion, 'factors', criterion, 'companies', '[]'::jsonb, 'limit', 5)),
  'the factor is in the request, operator, value and sentence')
from (select jsonb_build_array(jsonb_build_object(
  'factor_type', 'option', 'object_type', 'person', 'datapoint', 'title', 'operator', 'in', 'value', 'CEO,CTO',
  'is_guardrail', false, 'description', (select description from factor))) as criterion) as expected;

select is(test_setup.answer(run_request_id, '{"people": [
  {"full_name": "Ada Example", "position": "CTO", "contact": {"mail": "Ada@Acme.test"}, "phone": "0"}]}'), 'accepted',
  'the source answers') from claimed;
select is((select objects from activity_result), '[{
  "object_type": "person",
  "key": {"email": "ada@acme.test"},
  "values": {"name": "Ada Example", "title": "CTO"},
  "new": true,
  "provenance": {
    "name": {"source": "AlgOps People", "confidence": 1, "observed_at": "2026-05-01T10:00:00+00:00"},
    "title": {"source": "AlgOps People", "confidence": 1, "observed_at": "2026-05-01T10:00:00+00:00"}}
}]'::jsonb, 'the result holds the datapoints asked for');
select is((select summary from activity_result),
  '{"objects": 1, "values": 2, "missing": 0, "refused": 0, "new": 1, "known": 0, "runs": {"done": 1}}'::jsonb, 'the summary counts');
select is(test_setup.deliver(), 1, 'one message');
select is(test_setup.history(test_setup.activity('source')), '{new,valid,ready,in_progress,done,delivered}', 'delivered');

select * from finish();
