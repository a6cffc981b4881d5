-- The messages of a time are sent again under their ids: what failed, or all.
select plan(16);

set etl.fake_now = '2026-05-01 10:00:00Z';
select test_setup.set_up_people();
insert into webhook_endpoint (id, org_id, url)
values (test_setup.id('endpoint'), test_setup.id('org acme'), 'https://client.test/hook'),
  (test_setup.id('other'), test_setup.id('org acme'), 'https://client.test/other');
create function pg_temp.request(at timestamptz, status int, endpoint text default 'endpoint') returns int language sql as $$
  select set_config('etl.fake_now', at::text, false);
  select test_setup.enrich('{}', '{}', jsonb_build_object('endpoint', test_setup.id(endpoint)));
  select test_setup.deliver(status)
$$;
update etl_api.setting set value = '[]' where name = 'delivery_schedule_seconds';
select pg_temp.request('2026-05-01 10:01:00Z', 500);
select pg_temp.request('2026-05-01 10:02:00Z', 200);
select pg_temp.request('2026-05-01 10:03:00Z', 500);
select pg_temp.request('2026-05-01 10:04:00Z', 500);
select pg_temp.request('2026-05-01 10:04:00Z', 500, 'other');
set etl.fake_now = '2026-05-01 11:00:00Z';
-- As if the failures lay long back.
delete from etl_api.delivery_lane;

select is(etl_api.replay(test_setup.id('endpoint'), '2026-05-01 10:01:00Z', '2026-05-01 10:04:00Z'),
  jsonb_build_object('endpoint_id', test_setup.id('endpoint'), 'failed', 2, 'delivered', 0,
    'message', '2 messages are sent again, under the webhook-id they had before.'), 'what failed, from its beginning until before its end');
select is((select array_agg(reason) from etl_api.state_history where reason ~ 'replayed'), array_fill('replayed by ' || current_user, array[2]), 'the history says who asked');
create temp table again as select c.*, d.created_at from etl_api.claim_deliveries('one', 10) as c join delivery as d on d.id = c.delivery_id;
select is((select array_agg(created_at order by created_at) from again), '{2026-05-01 10:01:00Z,2026-05-01 10:03:00Z}'::timestamptz[], 'these go');
select is((select bool_and(webhook_id = 'msg_' || replace(delivery_id::text, '-', '')) from again), true, 'under their ids');
select etl_api.complete_deliveries(jsonb_agg(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token, 'status', 200))) from again;
select is(etl_api.replay(test_setup.id('endpoint'), '2026-05-01 10:01:00Z', '2026-05-01 10:04:00Z') -> 'failed', '0', 'done once');

select is(etl_api.replay(test_setup.id('endpoint'), '2026-05-01 10:02:00Z', delivered_too => true) - '{endpoint_id,message}'::text[],
  '{"failed": 1, "delivered": 2}', 'all from a time on: also what was delivered');
select is(etl_api.replay(test_setup.id('endpoint'), '2026-05-01 10:02:00Z', delivered_too => true) - '{endpoint_id,message}'::text[],
  '{"failed": 0, "delivered": 0}', 'not twice while it is under way');
create temp table all_again as select c.* from etl_api.claim_deliveries('one', 10) as c;
select is((select array_agg(distinct d.created_at order by d.created_at) from all_again as a join delivery as d on 'msg_' || replace(d.id::text, '-', '') = a.webhook_id),
  '{2026-05-01 10:02:00Z,2026-05-01 10:03:00Z,2026-05-01 10:04:00Z}'::timestamptz[], 'under the ids of the first');
select etl_api.complete_deliveries(jsonb_agg(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token, 'status', 200))) from all_again;
select is((select array_agg(state::text) from delivery where endpoint_id = test_setup.id('other')), '{failed}', 'another endpoint''s stay');

select is(test_setup.outcome(format('select etl_api.replay(%L, null)', test_setup.id('endpoint'))),
  'ETL04 since is null: it must be a time | Give the time from which on messages are sent again, such as now() - interval ''1 day''.', 'from when on');
select is(test_setup.outcome('select etl_api.replay(null, now())'), 'ETL04 no such endpoint: null | Give the id of a webhook_endpoint row.', 'of which endpoint');
select is(test_setup.as_user('mia', format('select etl_api.replay(%L, ''2026-01-01'') -> ''failed''', test_setup.id('endpoint'))), '(0)', 'members may');
select is(test_setup.as_user('vera', format('select etl_api.replay(%L, ''2026-01-01'')', test_setup.id('endpoint'))), 'ETL06', 'viewers may not');
select is(test_setup.as_user('otto', format('select etl_api.replay(%L, ''2026-01-01'')', test_setup.id('endpoint'))), 'ETL04', 'another tenant does not see it');
select is(test_setup.as_user(null, format('select etl_api.replay(%L, ''2026-01-01'')', test_setup.id('endpoint')), 'anon'), '42501', 'anon nothing');
update webhook_endpoint set disabled_at = now() where id = test_setup.id('endpoint');
select is(test_setup.outcome(format('select etl_api.replay(%L, ''2026-01-01'')', test_setup.id('endpoint'))),
  format('ETL05 webhook_endpoint %s is disabled: it cannot be sent anything | Set webhook_endpoint.disabled_at to null first.', test_setup.id('endpoint')), 'not while it is disabled');

select * from finish();
