-- What has ended: how, why, and what to do.
select plan(15);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
create function pg_temp.said(id uuid) returns text[] language sql as $$
  select array(select regexp_replace(e, '[0-9a-f]{8}-[0-9a-f-]{27}', '…', 'g') from etl_api.explain(id) with ordinality as e (e, n) order by n)
$$;

create temp table row as select test_setup.start('{"data": {"a": {"id": 7}, "b": {}}}') as id;
select is(pg_temp.said(id), array[
  'The request is invalid (missing_value) since 2026-05-01 10:00:00 UTC: its data cannot be followed.',
  'At $.data.b.id: ' || (select concat_ws(' ', e ->> 'message', e ->> 'hint') from jsonb_array_elements(errors) as e where e ->> 'path' = '$.data.b.id'),
  'At $.data.a.id: ' || (select concat_ws(' ', e ->> 'message', e ->> 'hint') from jsonb_array_elements(errors) as e where e ->> 'path' = '$.data.a.id'),
  'Put right what is named, then etl_api.retry(''…''); or insert it anew with other data.'], 'an invalid request, fault by fault')
from workflow_request join row using (id);

-- All fails.
delete from workflow_request;
select test_setup.enrich('{a.test,b.test}', '{"datapoints": ["industry"]}', '{"url": "https://client.test/hook"}');
select test_setup.exchange('{}', 404);
select is(pg_temp.said(id), array[
  'The request is failed (all_activities_failed) since 2026-05-01 10:00:00 UTC: none of its activities ended well.',
  'Activity ''enrich'' is failed (all_runs_failed) since 2026-05-01 10:00:00 UTC: all its runs failed.',
  '2 runs at source AlgOps API Client failed (http_404): AlgOps API Client answered with HTTP status 404.',
  'Once the cause is gone: etl_api.retry(''…'').',
  '1 message is to be sent: due now, to be claimed by deliver-webhooks.',
  'Once the cause is gone: etl_api.retry(''…'').'], 'a request that failed') from workflow_request;
select is((select array_agg(distinct pg_temp.said(id)::text) from run_queue), array[array[
    'The run of {"domain": "a.test"} at source AlgOps API Client is failed (http_404) since 2026-05-01 10:00:00 UTC: '
    'it was answered with an HTTP error – AlgOps API Client answered with HTTP status 404.',
    'Once the cause is gone: etl_api.retry(''…'').']::text, array[
    'The run of {"domain": "b.test"} at source AlgOps API Client is failed (http_404) since 2026-05-01 10:00:00 UTC: '
    'it was answered with an HTTP error – AlgOps API Client answered with HTTP status 404.',
    'Once the cause is gone: etl_api.retry(''…'').']::text], 'its runs');
select is((select array_agg(distinct pg_temp.said(id)) from run_request), array[array[
    'The HTTP request (run) to source AlgOps API Client is failed (http_404) since 2026-05-01 10:00:00 UTC: '
    'it was answered with an HTTP error – AlgOps API Client answered with HTTP status 404.',
    'Once the cause is gone: etl_api.retry(''…'').']], 'its HTTP requests');

-- Partly: values are missing, the message is not taken.
delete from workflow_request;
select test_setup.enrich('{c.test}', '{"datapoints": ["industry", "employees"]}', '{"url": "https://client.test/hook"}');
select test_setup.exchange('{"company": {"sector": "toys"}}');
select test_setup.exchange('{"result": {"entries": []}}');
select test_setup.deliver(503);
update delivery set due_at = utils.now() + interval '5 seconds';
select is(pg_temp.said(id), array[
  'The request is done (partial) since 2026-05-01 10:00:00 UTC: its activities have ended, and not all of them wholly.',
  'Activity ''enrich'' is done (partial) since 2026-05-01 10:00:00 UTC: it has ended, and its result is not whole.',
  'Its result has 1 object with 1 value; 1 value asked for is missing.',
  'Insert a new request for what is missing.',
  '1 message waits for the next attempt, due in 5 s: The client answered with HTTP status 503.'], 'a request that is done in part, its message under way') from workflow_request;
select is(pg_temp.said(id), array[
  'The message activity_request.done to https://client.test/hook is waiting (backoff) since 2026-05-01 10:00:00 UTC: '
  'its last attempt failed, and the next one is not due – The client answered with HTTP status 503.',
  'Attempt 1 of 8 failed; the next one is due in 5 s.',
  'etl_api.redeliver(''…'') sends it at once.'], 'its message') from delivery;
select etl_api.redeliver(id) from delivery;
select is((pg_temp.said(id))[2], 'It is due now, to be claimed by deliver-webhooks.', 'which is sent again at once') from delivery;
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
select is((pg_temp.said(id))[2], 'Waits for the client (worker one); without an answer, it is sent again in 1 min 15 s.', 'under way') from delivery;
select is((select accepted from claimed cross join lateral etl_api.complete_deliveries(jsonb_build_array(
    jsonb_build_object('delivery_id', claimed.delivery_id, 'lease_token', claimed.lease_token, 'status', 410)))), true, 'the client is gone');
select is((pg_temp.said(id))[5], '1 message was given up (http_410): The client answered with HTTP status 410. etl_api.redeliver(''…'') sends it again.',
  'a message that was given up') from workflow_request;
select is((pg_temp.said(id))[1], 'The request is done (delivery_failed) since 2026-05-01 10:00:00 UTC: '
  'it has its result, but a message about it was given up.', 'and what that makes of the request') from workflow_request;
select etl_api.redeliver(id) from delivery;
select test_setup.deliver();
select is(pg_temp.said(id), array[
  'The request is delivered (partial) since 2026-05-01 10:00:00 UTC: its activities have ended, and not all of them wholly.',
  'Activity ''enrich'' is delivered (partial) since 2026-05-01 10:00:00 UTC: it has ended, and its result is not whole.',
  'Its result has 1 object with 1 value; 1 value asked for is missing.',
  'Insert a new request for what is missing.'], 'taken at last, it is as whole as it was') from workflow_request;
select etl_api.redeliver(id) from delivery;
select is((pg_temp.said(id))[2], 'It repeats a message that was delivered before, ….', 'a message sent once more') from delivery where message_id is not null;

-- Guardrails.
insert into guardrail_refusal (org_id, activity_request_id, object_id, stage, description, datapoint_id)
select ao.org_id, ao.activity_request_id, ao.object_id, s.stage, 'Employees is at least 10.', d.id
from activity_object as ao cross join (values ('before_run'), ('after_result')) as s (stage)
cross join datapoint as d
where d.name in ('employees', 'funding');
select is((pg_temp.said(id))[2:3], array[
  'A guardrail refused 2 objects before they were run: Employees is at least 10.',
  'A guardrail refused 2 answers: Employees is at least 10.'], 'what guardrails refused') from activity_request;

-- Cancelled.
delete from workflow_request;
select test_setup.enrich('{d.test}', '{"datapoints": ["industry"]}');
select etl_api.cancel(id) from workflow_request;
select is(pg_temp.said(id), array[
  'Activity ''enrich'' is failed (cancelled) since 2026-05-01 10:00:00 UTC: it was cancelled. The history says: cancelled by ' || current_user || '.',
  '1 run at source AlgOps API Client failed (cancelled): The request was cancelled.',
  'etl_api.retry(''…'') takes it up again.'], 'cancelled, and by whom') from activity_request;

select * from finish();
