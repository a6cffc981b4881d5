select plan(19);

set etl.fake_now = '2026-03-01 12:00:00+00';
update etl_api.roll_up_mark set rolled_up_at = utils.now();
select test_setup.set_up_people();

create temporary view seen as
select entity, source_name.name as source, reason, count(*) as rows, max(overdue) as overdue
from etl_api.stuck
left join public.source as source_name on source_name.id = stuck.source_id
group by entity, source_name.name, reason
order by entity, source, reason;

create temporary table request (id uuid);
insert into request
select test_setup.enrich('{a.test,b.test}', '{"activity_timeout_seconds": 7200, "run_timeout_seconds": 600}', '{"url": "https://client.test/hook"}');
select is_empty('table seen', 'what has just come is not stuck');

set etl.fake_now = '2026-03-01 12:15:00+00';
update etl_api.roll_up_mark set rolled_up_at = utils.now();
select is_empty('table seen', 'nor what has been due for stuck_after_seconds');
set etl.fake_now = '2026-03-01 12:15:01+00';
select results_eq('table seen', $$values
  ('run_queue', 'AlgOps API Client', 'not_taken', 2::bigint, interval '15 minutes 1 second'),
  ('run_queue', 'Company Register', 'not_taken', 2, '15 minutes 1 second')$$,
  'but a second longer');
select is(
  (select distinct message || ' ' || what_to_do from etl_api.stuck where reason = 'not_taken'),
  'It has been due for 00:15:01, but no worker has taken it. See that the function execute-runs runs and hears the bell (docs/supabase.md), and that the rate_limit and the budget leave room; calling it once takes what is due.',
  'it says what is wrong and what to do');

update etl_api.setting set value = '3600' where name = 'stuck_after_seconds';
select is_empty('table seen', 'the setting counts');
update etl_api.setting set value = '900' where name = 'stuck_after_seconds';

update public.source set enabled = false where name = 'Company Register';
select is((select reason from seen where source = 'Company Register'), 'source_disabled', 'a disabled source');
select matches(
  (select distinct message from etl_api.stuck where reason = 'source_disabled'),
  'its source Company Register is disabled', 'is named');
update public.source set enabled = true where name = 'Company Register';

-- One HTTP request at a time, and it is under way.
update public.source set max_concurrency = 1 where name = 'AlgOps API Client';
create temporary table claimed as
select * from test_setup.claim();
select results_eq('table seen', $$values
  ('run_queue', 'AlgOps API Client', 'source_busy', 1::bigint, interval '15 minutes 1 second')$$,
  'a source with all it takes under way is busy');

-- Leases end, and nobody sweeps.
set etl.fake_now = '2026-03-01 12:18:00+00';
update etl_api.roll_up_mark set rolled_up_at = utils.now();
select results_eq($$select entity, source, reason, rows from seen where reason = 'lease'$$,
  $$values ('run_request', 'AlgOps API Client', 'lease', 1::bigint), ('run_request', 'Company Register', 'lease', 2)$$, 'leases that ended a minute ago');
set etl.fake_now = '2026-03-01 12:26:30+00';
select results_eq($$select entity, source, reason, rows from seen where reason = 'timeout'$$,
  $$values ('run_queue', 'AlgOps API Client', 'timeout', 1::bigint), ('run_queue', 'Company Register', 'timeout', 2)$$,
  'runs over their time');
set etl.fake_now = '2026-03-01 14:01:01+00';
select results_eq($$select entity, reason from seen where entity = 'activity_request'$$,
  $$values ('activity_request', 'timeout')$$, 'an activity over its time');
select results_eq($$select entity, entity_id is null, reason, message from etl_api.stuck where entity = 'sweep'$$,
  $$values ('sweep', true, 'sweep', 'Nobody has called etl_api.recover() for 01:43:01.')$$, 'nobody sweeps');

-- The sweep takes it all away.
select count(*) from etl_api.recover();
select is_empty($$select * from seen where reason in ('timeout', 'lease', 'sweep')$$, 'after a sweep nothing is over its time');
set etl.fake_now = '2026-03-01 14:20:00+00';
update etl_api.roll_up_mark set rolled_up_at = utils.now();
select results_eq('table seen', $$values ('delivery', null, 'not_taken', 1::bigint, interval '18 minutes 59 seconds')$$,
  'then the message of the end is overdue');

-- What should have started, and what nobody moved on.
insert into public.workflow_request (id, org_id, data, state, state_via, state_substate, not_before)
values (test_setup.id('later'), test_setup.id('org acme'), '{}', 'waiting', '{new,valid}', 'not_before', '2026-03-01 14:18:00+00');
insert into public.workflow_schedule (id, org_id, name, cron, data, next_at)
values (test_setup.id('schedule'), test_setup.id('org acme'), 'daily', '@daily', '{}', null);
update public.workflow_schedule set next_at = '2026-03-01 14:10:00+00';
insert into etl_api.advance_queue (activity_request_id, org_id, created_at)
select a.id, a.org_id, '2026-03-01 14:00:00+00' from public.activity_request as a;
select results_eq($$select entity, reason, rows from seen where entity <> 'delivery'$$,
  $$values
    ('activity_request', 'bell', 1::bigint),
    ('workflow_request', 'not_started', 1),
    ('workflow_schedule', 'not_started', 1)$$,
  'starts missed and a bell unheard');
select is(
  array(select distinct s.workflow_request_id from etl_api.stuck as s where s.entity in ('delivery', 'activity_request')),
  array(select r.id from request as r), 'each names the request it serves');

select is(test_setup.as_user('vera', 'select count(*) from etl_api.stuck'), '(4)', 'the tenant''s viewer sees the tenant''s');
select is(test_setup.as_user('otto', 'select * from etl_api.stuck'), '-', 'another tenant sees none of it');
select is(test_setup.as_user(null, 'select * from etl_api.stuck', 'anon'), '42501', 'anon sees nothing');

select * from finish();
