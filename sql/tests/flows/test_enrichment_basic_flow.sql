-- One company, two sources, one webhook: from the insert to "delivered", every value compared.
select plan(15);

set etl.fake_now = '2026-05-01 10:00:00Z';
set timezone = 'UTC';
select test_setup.setup_enrichment_test_data();

insert into workflow_request (id, org_id, data)
values (test_setup.id('request'), test_setup.id('org acme'), jsonb_build_object(
  'input', '{"companies": [{"domain": "acme.test", "name": "Acme"}]}'::jsonb,
  'data', jsonb_build_object('enrich', jsonb_build_object(
    'id', test_setup.id('enrich companies'),
    'type', 'activity',
    'setup', '{"config": {"phase": 1}}'::jsonb,
    'destination', '{"webhook": {"url": "https://client.test/hook"}}'::jsonb))));

select is(test_setup.states(), array[
  'workflow_request in_progress 1',
  'activity_request enrich in_progress 1',
  'run_queue waiting:allocation 2'], 'the insert starts the activity and queues a run per source needed');

create temp table claimed as select * from test_setup.claim();
select is(
  (select jsonb_agg(to_jsonb(c) - 'run_request_id' order by c.source) from claimed as c),
  '[
    {"source": "AlgOps API Client", "kind": "run", "attempt": 1, "request": {
      "method": "POST",
      "url": "https://api.algops.test/v1/companies/acme.test",
      "headers": {"authorization": "Bearer <<$secret.ALGOPS_KEY>>"},
      "body": {"ask": ["employees", "industry"]}}},
    {"source": "Company Register", "kind": "run", "attempt": 1, "request": {
      "method": "GET",
      "url": "https://register.test/search",
      "query": {"domain": "acme.test"}}}
  ]'::jsonb, 'both requests are rendered, the secret still a placeholder');

set etl.fake_now = '2026-05-01 10:00:01Z';
select is(
  test_setup.answer(run_request_id, '{"company": {"sector": "Tools", "staff": {"count": 120}}}'), 'accepted',
  'the first source answers') from claimed where source = 'AlgOps API Client';
select is(test_setup.state(test_setup.id('request')), 'in_progress', 'the request waits for the second source');

set etl.fake_now = '2026-05-01 10:00:02Z';
select is(
  test_setup.answer(run_request_id, '{"result": {"entries": [{"website": "acme.test", "employees": "118", "capital": {"raised": 2500000}}]}}'),
  'accepted', 'the second source answers') from claimed where source = 'Company Register';

select is(test_setup.states(), array[
  'workflow_request done 1',
  'activity_request enrich done 1',
  'run_queue done 2',
  'run_request done 2',
  'delivery ready 1'], 'all is done and one message waits');

select is((select objects from activity_result), '[{
  "object_type": "company",
  "key": {"domain": "acme.test"},
  "values": {"industry": "Tools", "employees": 120, "funding": 2500000},
  "provenance": {
    "industry": {"source": "AlgOps API Client", "confidence": 0.8, "observed_at": "2026-05-01T10:00:01+00:00"},
    "employees": {"source": "AlgOps API Client", "confidence": 0.9, "observed_at": "2026-05-01T10:00:01+00:00"},
    "funding": {"source": "Company Register", "confidence": 1, "observed_at": "2026-05-01T10:00:02+00:00"}}
}]'::jsonb, 'the result holds each value and where it came from, by priority');
select is((select summary from activity_result),
  '{"objects": 1, "values": 3, "missing": 0, "refused": 0, "runs": {"done": 2}}'::jsonb, 'the summary counts');

create temp table message as select * from etl_api.claim_deliveries('test', 10);
select is(
  (select to_jsonb(m) - '{delivery_id,webhook_id,lease_token,body}'::text[] from message as m),
  jsonb_build_object(
    'org_id', test_setup.id('org acme'),
    'lease_until', '2026-05-01T10:01:17+00:00',
    'url', 'https://client.test/hook',
    'secret_name', 'webhook',
    'secret_scope', test_setup.id('org acme'),
    'event_type', 'activity_request.done',
    'headers', null,
    'timeout_ms', 15000,
    'attempt', 1), 'the message goes to the webhook of the request');
select is(
  (select m.body::jsonb from message as m),
  jsonb_build_object('type', 'activity_request.done', 'timestamp', '2026-05-01T10:00:02+00:00', 'data', jsonb_build_object(
    'workflow_request_id', test_setup.id('request'),
    'activity_request_id', test_setup.activity(),
    'activity_key', 'enrich',
    'org_id', test_setup.id('org acme'),
    'state', 'done',
    'substate', null,
    'objects', (select objects from activity_result),
    'refusals', '[]'::jsonb,
    'summary', (select summary from activity_result))), 'the message is the contract''s');

select is(
  (select c.accepted from message as m cross join lateral etl_api.complete_deliveries(jsonb_build_array(
    jsonb_build_object('delivery_id', m.delivery_id, 'lease_token', m.lease_token, 'status', 204))) as c),
  true, 'the client says 204');

select is(test_setup.history(test_setup.id('request')),
  '{new,valid,ready,in_progress,done,delivered}', 'history of the request');
select is(test_setup.history(test_setup.activity()),
  '{new,valid,ready,in_progress,done,delivered}', 'history of the activity');
select is((select array_agg(distinct test_setup.history(id)::text) from run_queue),
  array['{new,valid,waiting:allocation,ready,in_progress,done}'], 'history of the runs');
select is(
  (select array_agg(distinct test_setup.history(id)::text) from run_request) || (select test_setup.history(id)::text from delivery),
  array['{new,valid,ready,in_progress,done}', '{new,valid,ready,in_progress,done,delivered}'],
  'history of the HTTP requests and the message');

select * from finish();
