select plan(11);

set etl.fake_now = '2026-03-01 12:00:00+00';
select test_setup.set_up_people();
update public.source
set max_concurrency = 5, rate_limit = '{"minute": 10, "day": 1000}'
where name = 'AlgOps API Client';
insert into public.source (id, org_id, name, run_request_template, rate_limit)
values (test_setup.id('own'), test_setup.id('org acme'), 'Own', '{"method": "GET", "url": "https://own.test/"}', '{"second": 3}');

create temporary view seen as
select source, enabled, in_flight, max_concurrency, waiting_runs, waiting_requests, oldest_due_age, answers, failures, failure_rate,
  p50_ms, p95_ms, last_success_at, last_failure_at, last_error
from etl_api.source_health
where source <> 'Own'
order by source;

select test_setup.enrich('{a.test,b.test,c.test,d.test}');
set etl.fake_now = '2026-03-01 12:00:30+00';
select results_eq(
  'table seen',
  $$values
    ('AlgOps API Client', true, 0::bigint, 5, 4::bigint, 0::bigint, interval '30 seconds', 0::bigint, 0::bigint, null::numeric,
      null::numeric, null::numeric, null::timestamptz, null::timestamptz, null::text),
    ('Company Register', true, 0, null, 4, 0, interval '30 seconds', 0, 0, null, null, null, null, null, null)$$,
  'before anything was asked');

create temporary table claimed as
select row_number() over (partition by source order by request::text) as n, * from test_setup.claim();
-- Three answers, fast to slow; a failure; the register says nothing.
select test_setup.complete(run_request_id, jsonb_build_object('status', case when n = 4 then 503 else 200 end,
  'body', '{"company": {"sector": "Anvils"}}'::jsonb, 'duration_ms', (array[10, 200, 3000, 40])[n]))
from claimed
where source = 'AlgOps API Client';
select results_eq(
  'table seen',
  $$values
    ('AlgOps API Client', true, 0::bigint, 5, 0::bigint, 1::bigint, null::interval, 4::bigint, 1::bigint, 0.25::numeric,
      41.5::numeric, 3158.4::numeric, '2026-03-01 12:00:30+00'::timestamptz, '2026-03-01 12:00:30+00'::timestamptz,
      'AlgOps API Client answered with HTTP status 503.'),
    ('Company Register', true, 4, null, 0, 0, null, 0, 0, null, null, null, null, null, null)$$,
  'answers count at once, in the transaction that took them');

select is(
  (select rate_limit from etl_api.source_health where source = 'AlgOps API Client'),
  '{"minute": {"limit": 10, "used": 4}, "day": {"limit": 1000, "used": 4}}', 'how much of the rate limit is used');
select is(
  (select rate_limit from etl_api.source_health where source = 'Own'),
  '{"second": {"limit": 3, "used": 0}}', 'nothing of another');

-- Rolled up it is the same; a hand-back and a lease that ended are no answers.
select cmp_ok(etl_api.roll_up_traffic(9223372036854775807), '>', 0, 'rolled up');
update etl_api.roll_up_mark set after_seq = (select max(seq) from etl_api.state_history);
set etl.fake_now = '2026-03-01 12:01:00+00';
select etl_api.release_run_requests(jsonb_agg(jsonb_build_object('run_request_id', r.id, 'lease_token', r.lease_token)))
from (select * from public.run_request where state = 'in_progress' order by id limit 1) as r;
select results_eq(
  $$select source, waiting_requests, answers, failures, failure_rate, p50_ms, p95_ms, last_error from seen$$,
  $$values
    ('AlgOps API Client', 1::bigint, 4::bigint, 1::bigint, 0.25::numeric, 41.5::numeric, 3158.4::numeric,
      'AlgOps API Client answered with HTTP status 503.'),
    ('Company Register', 1, 0, 0, null, null, null, null)$$,
  'rolled up it is the same');
select is(
  (select rate_limit #>> '{minute,used}' from etl_api.source_health where source = 'AlgOps API Client'), '0',
  'a new minute has nothing used');

set etl.fake_now = '2026-03-01 13:06:00+00';
select results_eq(
  $$select answers, failure_rate, p50_ms, last_failure_at from seen where source = 'AlgOps API Client'$$,
  $$values (0::bigint, null::numeric, null::numeric, '2026-03-01 12:00:30+00'::timestamptz)$$,
  'after an hour only the last error is left');

set etl.fake_now = '2026-03-01 12:01:00+00';
select is(
  test_setup.as_user('otto', $$select source, in_flight, waiting_requests, answers, last_error, rate_limit is null as unlimited,
    rate_limit #>> '{minute,used}' as used from etl_api.source_health$$),
  '("AlgOps API Client",0,0,0,,f,) ("Company Register",0,0,0,,t,)',
  'of a shared source another tenant sees its own figures only, and not how much of the limit is used');
select is(
  test_setup.as_user('vera', 'select source, in_flight, answers from etl_api.source_health'),
  '("AlgOps API Client",0,4) ("Company Register",3,0) (Own,0,0)',
  'the tenant''s viewer sees the tenant''s');
select is(test_setup.as_user(null, 'select * from etl_api.source_health', 'anon'), '42501', 'anon sees nothing');

select * from finish();
