-- The message of an alert is one like any other: retried, given up, cancelled, sent again; only that it has no request.
select plan(14);

set etl.fake_now = '2030-01-01 00:00:00Z';
select test_setup.set_up_people();
update etl_api.setting set value = '[5]' where name = 'delivery_schedule_seconds';
insert into public.webhook_endpoint (id, org_id, url) values (test_setup.id('ops'), test_setup.id('org acme'), 'https://ops.test');
insert into etl_api.alert_rule (org_id, name, kind, threshold, endpoint_id)
values (test_setup.id('org acme'), 'Stuck', 'stuck', 0, test_setup.id('ops'));
select test_setup.enrich('{a.test}');
set etl.fake_now = '2030-01-01 00:20:00Z';
select etl_api.check_alerts();
create temporary table message as select id from public.delivery;

select is(test_setup.deliver(500), 1, 'the endpoint does not want it');
select is(test_setup.state(id), 'waiting:backoff', 'it is tried again') from message;
set etl.fake_now = '2030-01-01 00:21:00Z';
select count(*) from etl_api.claim_deliveries('test', 10);
set etl.fake_now = '2030-01-01 00:30:00Z';
select is((select count from etl_api.recover() where what = 'delivery_given_up'), 1::bigint, 'a worker that was not heard of');
select is(test_setup.state(id), 'failed:attempts_exhausted', 'it is given up') from message;
select is((select array_agg(level || ' ' || (context ->> 'alert_id') order by l.id) from etl_api.etl_log as l join message as m on m.id = l.entity_id),
  (select array['warn ' || a.id, 'error ' || a.id] from etl_api.alert as a), 'the log names the alert');
select is((select array_agg(distinct t.entity::text) from message, etl_api.trace(message.id) as t), '{delivery}', 'its trace is its own');
select is(test_setup.as_user('otto', format('select etl_api.retry(%L)', id)), 'ETL04', 'nobody else retries it') from message;
select is((etl_api.retry(id)) ->> 'state', 'ready', 'it is retried') from message;
select is((etl_api.cancel(id)) ->> 'state', 'failed', 'it is cancelled') from message;
select throws_ok(format('select etl_api.cancel(%L)', id), 'ETL05', null, 'once') from message;
select etl_api.retry(id) from message;
select is(test_setup.deliver(200), 1, 'it is delivered');
select is(test_setup.state(id), 'delivered', 'at last') from message;
select is_empty('select * from etl_api.check_state_sync() where entity = ''delivery''', 'nothing is out of step');
update public.webhook_endpoint set event_types = '{activity_request.done}';
update public.workflow_request set state = 'failed', state_substate = 'cancelled';
select etl_api.check_alerts();
delete from etl_api.alert_rule;
select is((select count(*) from public.delivery where alert_id is not null), 0::bigint, 'messages go with their rule');

select * from finish();
