-- What failed or waits goes again at once, in its own row.
select plan(11);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
insert into webhook_endpoint (id, org_id, url)
values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test/old');
select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id('endpoint')));
create temp table message as select id, 'msg_' || replace(id::text, '-', '') as webhook_id from delivery;

select is(test_setup.deliver(500), 1, 'the client says 500');
select is((select test_setup.state(id) from message), 'waiting:backoff', 'the message waits');
select is((select count(*) from etl_api.claim_deliveries('one', 10)), 0::bigint, 'it is not due');
select is(
  (select etl_api.redeliver(id) - 'id' - 'delivery_ids' from message),
  '{"entity": "delivery", "state": "ready", "message": "The message is sent again at once."}', 'it says what it does');
select is((select array_agg(webhook_id || ' ' || attempt) from etl_api.claim_deliveries('one', 10)),
  (select array[webhook_id || ' 2'] from message), 'it goes at once, as its second attempt');
select is(
  (select c.accepted from delivery as d
   cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
     'delivery_id', d.id, 'lease_token', d.lease_token, 'status', 410))) as c),
  true, 'the client says 410, which ends it');
update webhook_endpoint set disabled_at = null, url = 'https://client.test/new';
select is(
  (select etl_api.redeliver(id) -> 'delivery_ids' from activity_request), (select jsonb_build_array(id) from message),
  'asked for by its activity, it goes again');
select is((select array_agg(webhook_id || ' ' || attempt || ' ' || url) from etl_api.claim_deliveries('one', 10)),
  (select array[webhook_id || ' 1 https://client.test/new'] from message),
  'to where the endpoint is now, its attempts counted anew');
select is(
  (select c.accepted from delivery as d
   cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
     'delivery_id', d.id, 'lease_token', d.lease_token, 'status', 204))) as c),
  true, 'the client takes it');
select is(test_setup.states(),
  array['workflow_request delivered 1', 'activity_request enrich delivered:no_objects 1', 'delivery delivered 1'], 'all is delivered');
select is((select array_agg(reason order by seq) from etl_api.state_history where entity = 'delivery' and reason like 'redelivered%'),
  array['redelivered by ' || current_user, 'redelivered by ' || current_user], 'the history says who asked for it');

select * from finish();
