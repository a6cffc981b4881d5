select plan(8);

set etl.fake_now = '2026-03-01 12:00:00+00';
select test_setup.set_up_people();

create temporary view seen as
select queue, source, due_now, later, in_flight, oldest_due_age from etl_api.queue_depth order by queue, source;
select is_empty('table seen', 'queues with nothing in them have no row');

select test_setup.enrich('{a.test,b.test,c.test}', '{}', '{"url": "https://client.test/hook"}');
set etl.fake_now = '2026-03-01 12:05:00+00';
select results_eq(
  'table seen',
  $$values
    ('runs', 'AlgOps API Client', 3::bigint, 0::bigint, 0::bigint, interval '5 minutes'),
    ('runs', 'Company Register', 3, 0, 0, interval '5 minutes')$$,
  'runs that wait, by source, with the age of the oldest');

-- One answer fails and is to be tried again, five are under way.
create temporary table claimed as
select * from test_setup.claim();
select is(test_setup.answer((select run_request_id from claimed where source = 'Company Register' limit 1), '{}', 503), 'accepted',
  'one source is not well');
select results_eq(
  'table seen',
  $$values
    ('http_requests', 'AlgOps API Client', 0::bigint, 0::bigint, 3::bigint, null::interval),
    ('http_requests', 'Company Register', 0, 1, 2, null),
    ('runs', 'AlgOps API Client', 0, 0, 3, null),
    ('runs', 'Company Register', 0, 0, 3, null)$$,
  'what is under way, and what waits for its time');
set etl.fake_now = '2026-03-01 12:05:10+00';
select results_eq(
  $$select * from seen where queue = 'http_requests'$$,
  $$values
    ('http_requests', 'AlgOps API Client', 0::bigint, 0::bigint, 3::bigint, null::interval),
    ('http_requests', 'Company Register', 1, 0, 2, interval '8 seconds')$$,
  'whose time has come, is due');

insert into public.delivery (org_id, workflow_request_id, url, secret_name, event_type, state, state_via, due_at)
select w.org_id, w.id, 'https://client.test/', 'webhook', 'workflow_request.done', d.state::public.delivery_state,
  d.via::public.delivery_state[], d.due_at::timestamptz
from public.workflow_request as w
cross join (
  values
    ('ready', '{new,valid}', '2026-03-01 12:04:10+00'),
    ('waiting', '{new,valid}', '2026-03-01 12:06:00+00'),
    ('in_progress', '{new,valid,ready}', '2026-03-01 12:00:00+00')
) as d (state, via, due_at);
select results_eq(
  $$select * from seen where queue = 'deliveries'$$,
  $$values ('deliveries', null::text, 1::bigint, 1::bigint, 1::bigint, interval '1 minute')$$,
  'messages have no source');

select is(test_setup.as_user('otto', 'select * from etl_api.queue_depth'), '-', 'what another tenant waits for is not seen');
select is(test_setup.as_user(null, 'select * from etl_api.queue_depth', 'anon'), '42501', 'anon sees nothing');

select * from finish();
