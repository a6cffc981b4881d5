-- A message that is not taken is sent again by the schedule, with the same id, until its attempts are used up.
select plan(15);

set etl.fake_now = '2026-05-01 10:00:00Z';
update etl_api.setting set value = '[5, 300]' where name = 'delivery_schedule_seconds';
select test_setup.setup_enrichment_test_data();
select test_setup.enrich('{}', '{}', '{"url": "https://client.test/hook"}');

create temp table sent as select * from etl_api.claim_deliveries('one', 10);
select is((select webhook_id from sent), 'msg_' || replace(id::text, '-', ''), 'the id of the message') from delivery;
select is(test_setup.deliver(), 0, 'claimed once');
select results_eq(
  $$select c.accepted, c.message from sent cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
    'delivery_id', sent.delivery_id, 'lease_token', sent.lease_token, 'status', 500))) as c$$,
  $$values (true, null::text)$$, 'the client says 500');
select is((select test_setup.state(id) from delivery), 'waiting:backoff', 'the message waits');
select ok(due_at between '2026-05-01 10:00:05Z' and '2026-05-01 10:00:05.5Z', 'five seconds and at most a tenth') from delivery;
select is((select error from delivery), '{"code": "http_500", "message": "The client answered with HTTP status 500."}'::jsonb, 'with what the client said');

set etl.fake_now = '2026-05-01 10:00:06Z';
insert into sent select * from etl_api.claim_deliveries('one', 10);
select is((select count(distinct webhook_id) || ' ' || count(distinct body) || ' ' || max(attempt) from sent), '1 1 2', 'the second attempt has the same id and body');
select is((select bool_or(c.accepted) from sent cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
  'delivery_id', sent.delivery_id, 'lease_token', sent.lease_token, 'error', '{"kind": "timeout", "message": "No answer in 15 s."}'::jsonb))) as c
  where sent.attempt = 2), true, 'the client does not answer');
select ok(due_at between '2026-05-01 10:05:06Z' and '2026-05-01 10:05:36Z', 'five minutes and at most a tenth') from delivery;

set etl.fake_now = '2026-05-01 10:06:00Z';
select is(test_setup.deliver(301), 1, 'the third attempt: a redirect is no acceptance');
select is((select test_setup.state(id) from delivery), 'failed:attempts_exhausted', 'it was the last');
select is(test_setup.states(), array[
  'workflow_request done:delivery_failed 1',
  'activity_request enrich done:delivery_failed 1',
  'delivery failed:attempts_exhausted 1'], 'what it told of is done, not delivered');
select is((select array_agg(attempts || ' ' || http_status) from delivery), '{"3 301"}', 'three attempts');
set etl.fake_now = '2027-05-01 10:00:00Z';
select is(test_setup.deliver(), 0, 'it is not sent again');
select is((select test_setup.history(id) from delivery), array[
  'new', 'valid', 'ready', 'in_progress', 'waiting:backoff', 'ready', 'in_progress', 'waiting:backoff', 'ready', 'in_progress',
  'failed:attempts_exhausted'], 'its history');

select * from finish();
