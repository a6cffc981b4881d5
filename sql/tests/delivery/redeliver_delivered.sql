-- What was delivered is sent again as a row of its own, under the webhook-id of the first, and nothing else changes.
select plan(15);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.setup_enrichment_test_data();
select test_setup.start(jsonb_build_object(
  'input', '{"companies": []}'::jsonb,
  'destination', '{"webhook": {"url": "https://client.test/all"}}'::jsonb,
  'data', jsonb_build_object('a', jsonb_build_object('id', test_setup.id('enrich companies'),
    'destination', '{"webhook": {"url": "https://client.test/a"}}'::jsonb))));
create temp table first as select id, 'msg_' || replace(id::text, '-', '') as webhook_id, body from delivery join delivery_body on delivery_id = id;
select is(test_setup.deliver(), 2, 'both messages are taken');
select is(test_setup.states(), array['workflow_request delivered 1', 'activity_request a delivered:no_objects 1', 'delivery delivered 2'], 'all is delivered');

set etl.fake_now = '2026-05-01 11:00:00Z';
select is(
  (select etl_api.redeliver(id) - 'id' - 'delivery_ids' from workflow_request),
  '{"entity": "workflow_request", "state": "delivered",
    "message": "2 messages were delivered before; they are sent once more under the same webhook-ids."}', 'it says what it does');
create temp table copy as select * from delivery where message_id is not null;
select is((select array_agg(message_id order by message_id) from copy), (select array_agg(id order by id) from first),
  'each new row names the first');
select is(test_setup.states(),
  array['workflow_request delivered 1', 'activity_request a delivered:no_objects 1', 'delivery delivered 2', 'delivery ready 2'],
  'what is delivered stays so');
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
select is((select array_agg(webhook_id order by webhook_id) from claimed), (select array_agg(webhook_id order by webhook_id) from first),
  'the webhook-ids are those of the first');
select is((select array_agg(c.body order by c.webhook_id) from claimed as c), (select array_agg(body::text order by webhook_id) from first),
  'so are the bodies, to the byte');
select throws_ok(format('select etl_api.redeliver(%L)', id), 'ETL05',
  format('delivery %s is delivered: it cannot be delivered again', id), 'while it is under way it is not sent a third time')
from first limit 1;

-- One more is refused for good: what the client has had, it has.
select is((select count(*) from claimed cross join lateral etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object(
    'delivery_id', claimed.delivery_id, 'lease_token', claimed.lease_token,
    'status', case when url like '%/a' then 410 else 200 end))) as c where c.accepted), 2::bigint, 'one is taken, one refused for good');
select is(test_setup.states(),
  array['workflow_request delivered 1', 'activity_request a delivered:no_objects 1', 'delivery delivered 3', 'delivery failed:http_410 1'],
  'neither changes what was delivered');

-- A copy of a copy is the same message still.
select is(jsonb_array_length(etl_api.redeliver(c.id) -> 'delivery_ids'), 1, 'the copy that was delivered is sent again')
from copy as c join delivery as d on d.id = c.id and d.state = 'delivered';
select is((select webhook_id from etl_api.claim_deliveries('one', 10)),
  (select f.webhook_id from first as f join delivery as d on d.id = f.id and d.url like '%/all'), 'under the webhook-id of the first');
select is(jsonb_array_length(etl_api.redeliver(c.id) -> 'delivery_ids'), 1, 'the copy that failed goes again')
from copy as c join delivery as d on d.id = c.id and d.state = 'failed';
select is((select array_agg(d.attempts || ' ' || d.state) from delivery as d join copy as c using (id) where d.url like '%/a'),
  array['0 ready'], 'in its own row');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();
