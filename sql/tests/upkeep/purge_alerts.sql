-- Alerts go once they are resolved and their messages have ended.
select plan(8);

select test_setup.setup_enrichment_test_data();
set etl.fake_now = '2100-01-01 00:00:00Z';
insert into public.webhook_endpoint (id, org_id, url)
values (test_setup.id('ops'), test_setup.id('org acme'), 'https://ops.test/hook');
insert into etl_api.alert_rule (id, org_id, name, kind, threshold, endpoint_id)
values (test_setup.id('rule'), test_setup.id('org acme'), 'old work', 'queue_age', 60, test_setup.id('ops'));
insert into etl_api.alert (id, org_id, rule_id, kind, message, value, threshold, raised_at, resolved_at)
select test_setup.id(a.name), test_setup.id('org acme'), test_setup.id('rule'), 'queue_age', a.name, 100, 60, utils.now(), a.resolved_at::timestamptz
from (values ('old', '2100-01-02'), ('untold', '2100-01-02'), ('late', '2100-02-28'), ('open', null)) as a (name, resolved_at);
insert into public.delivery (id, org_id, alert_id, endpoint_id, url, secret_name, event_type, state, state_via, finished_at)
select test_setup.id('message ' || a.name), test_setup.id('org acme'), test_setup.id(a.name), test_setup.id('ops'), 'https://ops.test/hook',
  'webhook', 'alert.raised', a.state::public.delivery_state, a.via::public.delivery_state[], a.finished_at::timestamptz
from (values
  ('old', 'delivered', '{new,valid,ready,in_progress,done}', '2100-01-02'), ('untold', 'waiting', '{new,valid}', null),
  ('late', 'delivered', '{new,valid,ready,in_progress,done}', '2100-01-02')) as a (name, state, via, finished_at);
insert into public.delivery_body (delivery_id, org_id, body)
select id, org_id, '{}' from public.delivery;
set etl.fake_now = '2100-03-01 00:00:00Z';
select is_empty('select * from etl_api.purge(''30 days'') where what = ''alert''', 'not before the summaries have what they told');
select test_setup.rolled_up();
select is((select array[count, more::int] from etl_api.purge('30 days') where what = 'alert'), '{1,0}', 'one goes');
select is(array(select message from etl_api.alert order by 1), '{late,open,untold}', 'the one that was resolved and told long ago');
select is((select count(*) from public.delivery), 2::bigint, 'with its message');
select is((select count(*) from public.delivery_body), 2::bigint, 'and what that said');
select is_empty('select * from etl_api.state_step where entity_id = test_setup.id(''message old'')', 'and its history');
select is_empty('select * from test_setup.miscounted()', 'the counts are right');
select is((select count(*) from etl_api.alert_rule), 1::bigint, 'the rule stays');

select * from finish();
