select plan(8);

set etl.fake_now = '2026-03-01 12:00:00+00';
select test_setup.set_up_people();
insert into public.webhook_endpoint (id, org_id, url)
values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://hooks.acme.test/in');
insert into public.webhook_endpoint (id, org_id, url)
values (test_setup.id('other endpoint'), test_setup.id('org other'), 'https://hooks.other.test/in');

create temporary view seen as
select host, endpoint_id is not null as endpoint, waiting, failing, in_flight, oldest_due_age, attempts, success_rate,
  last_success_at, last_failure_at, last_error
from etl_api.delivery_health
where org_id = test_setup.id('org acme')
order by host;

select results_eq(
  'table seen',
  $$values ('hooks.acme.test', true, 0::bigint, 0::bigint, 0::bigint, null::interval, 0::bigint, null::numeric,
    null::timestamptz, null::timestamptz, null::text)$$,
  'an endpoint that has nothing yet');

select test_setup.enrich('{a.test}', '{}', '{"url": "https://client.test/hook"}');
select test_setup.enrich('{b.test}', '{}', jsonb_build_object('endpoint', test_setup.id('endpoint')));
select test_setup.exchange('{"company": {"sector": "Anvils"}}');
set etl.fake_now = '2026-03-01 12:00:20+00';
select results_eq(
  'select host, endpoint, waiting, failing, in_flight, oldest_due_age from seen',
  $$values
    ('client.test', false, 1::bigint, 0::bigint, 0::bigint, interval '20 seconds'),
    ('hooks.acme.test', true, 1, 0, 0, interval '20 seconds')$$,
  'messages that wait, by endpoint and by host');

create temporary table claimed as
select * from etl_api.claim_deliveries('test', 10);
select is((select sum(in_flight) from seen), 2::numeric, 'under way');
select etl_api.complete_deliveries(jsonb_agg(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token,
  'status', case when url like '%client%' then 500 else 204 end)))
from claimed;
select results_eq(
  'table seen',
  $$values
    ('client.test', false, 1::bigint, 1::bigint, 0::bigint, null::interval, 1::bigint, 0::numeric,
      null::timestamptz, '2026-03-01 12:00:20+00'::timestamptz, 'The client answered with HTTP status 500.'),
    ('hooks.acme.test', true, 0, 0, 0, null, 1, 1, '2026-03-01 12:00:20+00', null, null)$$,
  'what became of them');

select etl_api.roll_up_traffic(9223372036854775807);
update etl_api.roll_up_mark set after_seq = (select max(seq) from etl_api.state_history);
set etl.fake_now = '2026-03-01 12:10:00+00';
select test_setup.deliver();
select results_eq(
  'select host, waiting, attempts, success_rate, last_success_at, last_failure_at from seen',
  $$values
    ('client.test', 0::bigint, 2::bigint, 0.5::numeric, '2026-03-01 12:10:00+00'::timestamptz, '2026-03-01 12:00:20+00'::timestamptz),
    ('hooks.acme.test', 0, 1, 1, '2026-03-01 12:00:20+00', null)$$,
  'summary and tail together');

select is(test_setup.as_user('otto', 'select host, attempts from etl_api.delivery_health'), '(hooks.other.test,0)',
  'another tenant sees its own addresses');
select is(test_setup.as_user('vera', 'select host, attempts from etl_api.delivery_health'), '(client.test,2) (hooks.acme.test,1)',
  'as does this one');
select is(test_setup.as_user(null, 'select * from etl_api.delivery_health', 'anon'), '42501', 'anon sees nothing');

select * from finish();
