-- 410 disables the endpoint: no further attempt, no further message.
select plan(8);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into webhook_endpoint (id, org_id, url, event_types)
values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test/a', null),
  (test_setup.id('endpoint b'), test_setup.id('org acme'), 'https://client.test/b', '{activity_request.done}');
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('endpoint')));
select is(test_setup.deliver(410), 1, 'the client says 410');
select is((select state || ':' || state_substate || ' ' || (error ->> 'message') from delivery),
  'failed:http_410 The client answered with HTTP status 410.', 'the message has failed at once');
select is((select array_agg(url || coalesce(' ' || disabled_at, '') order by url) from webhook_endpoint),
  array['https://client.test/a ' || utils.now(), 'https://client.test/b'], 'that endpoint is disabled, and no other');
select is(test_setup.states(), array[
  'workflow_request done:delivery_failed 1',
  'activity_request enrich done:delivery_failed 1',
  'delivery failed:http_410 1'], 'the activity is not delivered');
select is((select concat_ws(' ', kind, message, value, threshold) from etl_api.alert),
  'endpoint_disabled The webhook endpoint at client.test was disabled: it answered 410 Gone. 0.0000 0', 'its tenant is told');
update webhook_endpoint set disabled_at = null where id = test_setup.id('endpoint');
select is(test_setup.deliver(), 0, 'in use again, what 410 answered stays failed');
delete from workflow_request;

select test_setup.enrich('{}', '{}', '{"url": "https://client.test/gone"}');
select is(test_setup.deliver(410), 1, 'a URL given in the request says 410');
select is((select test_setup.state(id) from delivery), 'failed:http_410', 'which ends its message only');

select * from finish();
