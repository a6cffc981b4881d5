select plan(7);

select test_setup.setup_enrichment_test_data();
update etl_api.setting set value = '[5]' where name = 'delivery_schedule_seconds';
set etl.fake_now = '2030-01-01 00:00:00Z';
select isnt(test_setup.enrich('{a.test}', '{}', '{"url": "https://client.test/hook"}')::text, null, 'a request');
insert into test_setup.reply (source, body)
values ('AlgOps API Client', '{"company": {"sector": "toys", "staff": {"count": 3}}}'), ('Company Register', '{"capital": {"raised": 1}}');
select count(test_setup.serve());
create temporary table sent as select * from etl_api.claim_deliveries('test', 10);

set etl.fake_now = '2030-01-01 01:00:00Z';
select results_eq('select what, count from etl_api.recover() where what <> ''partition''', $$values ('bell', 1::bigint), ('delivery_again', 1)$$,
  'an expired lease is taken back, and the bell rung');
select is(test_setup.state(delivery_id), 'ready:lease_expired', 'the message is ready again') from sent;
select is((select array_agg(attempt) from etl_api.claim_deliveries('test', 10)), '{2}', 'the attempt is counted');
set etl.fake_now = '2030-01-01 02:00:00Z';
select results_eq('select what, count from etl_api.recover()', $$values ('delivery_given_up', 1::bigint)$$,
  'after the last attempt it is given up');
select is(
  test_setup.state(delivery_id) || ' ' || test_setup.state(test_setup.activity()),
  'failed:attempts_exhausted done:delivery_failed', 'and its activity says so')
from sent;
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();
