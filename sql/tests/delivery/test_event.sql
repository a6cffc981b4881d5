-- A test event goes to an endpoint whatever it wants, like any message.
select plan(11);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.set_up_people();
insert into webhook_endpoint (id, org_id, url, event_types)
values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test/hook', '{activity_request.failed}');

create temp table told as select etl_api.send_test_event(test_setup.id('endpoint')) as answer;
create temp table claimed as select * from etl_api.claim_deliveries('one', 10);
select is((select event_type || ' ' || url from claimed), 'endpoint.test https://client.test/hook', 'it is sent');
select is((select answer ->> 'webhook_id' from told), (select webhook_id from claimed), 'under the id that was told');
select is((select body::jsonb from claimed), jsonb_build_object('type', 'endpoint.test', 'timestamp', utils.now(), 'data', jsonb_build_object(
  'org_id', test_setup.id('org acme'), 'endpoint_id', test_setup.id('endpoint'), 'message', 'This is a test of the endpoint; nothing has happened.')), 'what it says');
select etl_api.complete_deliveries(jsonb_build_array(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token, 'status', 503))) from claimed;
select is((select test_setup.state((answer ->> 'delivery_id')::uuid) from told), 'waiting:backoff', 'it is tried again');
select matches((select e from told, etl_api.explain((answer ->> 'delivery_id')::uuid) as e limit 1), '^The message endpoint.test to https://client.test/hook is waiting', 'and explained');
set etl.fake_now = '2026-05-01 10:00:10Z';
select is(test_setup.deliver(), 1, 'taken');
select is((select etl_api.redeliver((answer ->> 'delivery_id')::uuid) ->> 'state' from told), 'delivered', 'it can be sent once more');
select is(test_setup.as_user('mia', format('select etl_api.send_test_event(%L) is not null', test_setup.id('endpoint'))), '(t)', 'members may');
select is(test_setup.as_user('vera', format('select etl_api.send_test_event(%L)', test_setup.id('endpoint'))), 'ETL06', 'viewers may not');
select is(test_setup.as_user('otto', format('select etl_api.send_test_event(%L)', test_setup.id('endpoint'))), 'ETL04', 'another tenant does not see it');
update webhook_endpoint set disabled_at = now() where id = test_setup.id('endpoint');
select is(test_setup.outcome(format('select etl_api.send_test_event(%L)', test_setup.id('endpoint'))),
  format('ETL05 webhook_endpoint %s is disabled: it cannot be sent anything | Set webhook_endpoint.disabled_at to null first.', test_setup.id('endpoint')), 'not while it is disabled');

select * from finish();
