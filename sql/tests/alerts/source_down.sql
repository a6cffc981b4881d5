-- Raised once, told by a signed message as any other, resolved when the source is well again.
select plan(18);

set etl.fake_now = '2030-01-01 00:00:00Z';
set timezone = 'UTC';
select test_setup.setup_enrichment_test_data();
insert into public.webhook_endpoint (id, org_id, url, secret_name)
values (test_setup.id('ops'), test_setup.id('org acme'), 'https://ops.test/alerts', 'ops-secret');
insert into etl_api.alert_rule (id, org_id, name, kind, threshold, window_seconds, endpoint_id)
values (test_setup.id('rule'), test_setup.id('org acme'), 'A source is down', 'source_down', 0.5, 600, test_setup.id('ops'));
select etl_api.check_alerts();
select is_empty('select * from etl_api.alert', 'nothing asked, nothing raised');

update public.source set retry_policy = '{"jitter": 0, "max_attempts": 2}';
select test_setup.enrich('{a.test,b.test,c.test,d.test}', '{"datapoints": ["industry"]}');
select test_setup.answer(run_request_id, '{"company": {"sector": "x"}}', case when request ->> 'url' like '%/d.test' then 200 else 503 end)
from test_setup.claim();

select is(etl_api.check_alerts(), 0, 'a rule is looked at once a minute');
set etl.fake_now = '2030-01-01 00:01:00Z';
select results_eq($$select what, count from etl_api.recover() where what = 'alert'$$, $$values ('alert', 1::bigint)$$, 'the sweep raises it');
select results_eq('select rule_id, source_id, kind, message, value, threshold, raised_at, resolved_at from etl_api.alert',
  $$values (test_setup.id('rule'), test_setup.id('AlgOps API Client'), 'source_down',
    '3 of 4 HTTP requests to AlgOps API Client in the last 600 s failed.', 0.75, 0.5, '2030-01-01 00:01:00Z'::timestamptz, null::timestamptz)$$,
  'with its source, figure and sentence; tries that are made again count');
select results_eq('select level, station, message, org_id = test_setup.id(''org acme''), context -> ''value'' from etl_api.etl_log where station = ''alerts''',
  $$values ('warn', 'alerts', 'Raised A source is down: 3 of 4 HTTP requests to AlgOps API Client in the last 600 s failed.', true, '0.75'::jsonb)$$,
  'the log tells of it');

create temporary table sent as select * from etl_api.claim_deliveries('test', 10);
select results_eq(
  'select url, secret_name, secret_scope, event_type, body::jsonb #- ''{data,alert_id}'' from sent',
  $$values ('https://ops.test/alerts', 'ops-secret', test_setup.id('org acme')::text, 'alert.raised', jsonb_build_object(
    'type', 'alert.raised', 'timestamp', '2030-01-01T00:01:00+00:00', 'data', jsonb_build_object(
      'org_id', test_setup.id('org acme'), 'rule_id', test_setup.id('rule'), 'rule', 'A source is down', 'kind', 'source_down',
      'source_id', test_setup.id('AlgOps API Client'), 'source', 'AlgOps API Client',
      'message', '3 of 4 HTTP requests to AlgOps API Client in the last 600 s failed.',
      'value', 0.75, 'threshold', 0.5, 'raised_at', '2030-01-01T00:01:00+00:00', 'resolved_at', null)))$$,
  'a message is claimed, signed with the endpoint''s secret');
select is((select (body::jsonb #>> '{data,alert_id}')::uuid from sent), (select id from etl_api.alert), 'that names the alert');
select is((select d.workflow_request_id is null and d.activity_request_id is null and d.alert_id = a.id from public.delivery as d, etl_api.alert as a), true,
  'it belongs to no request');
select results_eq(
  $$select c.accepted, c.message from sent, etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
      'delivery_id', sent.delivery_id, 'lease_token', sent.lease_token, 'status', 204))) as c$$,
  $$values (true, null::text)$$, 'and is completed');
select is((select test_setup.state(delivery_id) from sent), 'delivered', 'delivered');

set etl.fake_now = '2030-01-01 00:02:00Z';
select is(etl_api.check_alerts(), 0, 'it is not raised twice');
select is_empty($$select message from etl_api.etl_log where station = 'alerts' and level = 'error'$$, 'nor tried to');
-- The retries bring values; ten minutes later the failures are out of the window.
select test_setup.exchange('{"company": {"sector": "x"}}');
set etl.fake_now = '2030-01-01 00:04:00Z';
select is(etl_api.check_alerts(), 1, 'when it answers again');
select results_eq('select resolved_at, value, message from etl_api.alert',
  $$values ('2030-01-01 00:04:00Z'::timestamptz, 0.75, '3 of 4 HTTP requests to AlgOps API Client in the last 600 s failed.')$$,
  'it is resolved, and keeps what it was raised for');
select results_eq($$select event_type, body::jsonb #> '{data,value}', body::jsonb #>> '{data,message}', body::jsonb #>> '{data,resolved_at}'
    from etl_api.claim_deliveries('test', 10)$$,
  $$values ('alert.resolved', '0.4286'::jsonb, '3 of 7 HTTP requests to AlgOps API Client in the last 600 s failed.', '2030-01-01T00:04:00+00:00')$$,
  'which is told, too');

-- Down again: a new alert. Then nothing is asked any more.
select test_setup.enrich('{e.test,f.test,g.test}', '{"datapoints": ["industry"]}');
select test_setup.exchange('{}', 404);
set etl.fake_now = '2030-01-01 00:05:00Z';
select is(etl_api.check_alerts(), 1, 'down again: another alert');
set etl.fake_now = '2030-01-01 02:00:00Z';
select is(etl_api.check_alerts(), 1, 'an alert does not outlive its window');
select results_eq('select message from etl_api.etl_log where station = ''alerts'' order by id desc limit 1',
  $$values ('Resolved A source is down: Nothing was asked of it in the last 600 s.')$$, 'and says that nothing is known');

select * from finish();
