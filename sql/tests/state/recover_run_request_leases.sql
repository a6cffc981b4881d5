select plan(11);

select test_setup.setup_enrichment_test_data();
update public.source set retry_policy = '{"max_attempts": 2}';
delete from public.source where id = test_setup.id('Company Register');
set etl.fake_now = '2030-01-01 00:00:00Z';
select isnt(test_setup.enrich('{a.test}')::text, null, 'a request');
select count(*) from test_setup.claim();
create temporary table sent as
select r.id as run_request_id, r.lease_token, r.lease_until from public.run_request as r;

select set_config('etl.fake_now', (lease_until - interval '1 s')::text, false) from sent;
select is_empty('select * from etl_api.recover() where what like ''run%''', 'a living lease is left alone');
select set_config('etl.fake_now', lease_until::text, false) from sent;
select results_eq('select what, count from etl_api.recover() where what <> ''partition''', $$values ('bell', 1::bigint), ('run_request_again', 1)$$,
  'an expired one is taken back, and the bell rung');
select is(test_setup.state(run_request_id), 'ready:lease_expired', 'the HTTP request is ready again') from sent;
select is(test_setup.complete(run_request_id, jsonb_build_object('status', 200, 'body', '{}'::jsonb, 'lease_token', lease_token)),
  'already ready: nothing was changed', 'the worker that comes late changes nothing')
from sent;
select is((select array_agg(attempt) from test_setup.claim()), '{2}', 'the attempt is counted');

select set_config('etl.fake_now', (lease_until + interval '1 h')::text, false) from sent;
update public.run_queue set timeout_at = null;
select results_eq('select what, count from etl_api.recover() where what <> ''partition''', $$values ('run_request_given_up', 1::bigint)$$,
  'after the last attempt it is given up');
select is(test_setup.states(),
  '{"workflow_request failed:all_activities_failed 1","activity_request enrich failed:all_runs_failed 1","run_queue failed:lease_expired 1","run_request failed:lease_expired 1"}',
  'and all ends that hung on it');
select is(
  (select reason from etl_api.state_history where entity = 'run_request' order by seq desc limit 1),
  'Its last attempt was claimed, but nothing was heard of it before its lease ended.', 'the history says why');
select is_empty('select * from etl_api.recover()', 'a second sweep finds nothing');
select is_empty('select * from etl_api.check_state_sync()', 'parents and children agree');

select * from finish();
