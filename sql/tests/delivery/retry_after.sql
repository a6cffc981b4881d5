-- A client that says when to come back is asked no sooner.
select plan(5);

set etl.fake_now = '2026-05-01 10:00:00Z';
create temp table schedule as select '[5]'::jsonb as list;
select is((etl_api.judge_delivery(1, '{"status": 429, "headers": {"retry-after": "60"}}', list)).due_at, '2026-05-01 10:01:00Z', 'in seconds') from schedule;
select is((etl_api.judge_delivery(1, '{"status": 503, "headers": {"retry-after": "Fri, 01 May 2026 12:00:00 GMT"}}', list)).due_at,
  '2026-05-01 12:00:00Z', 'as a date') from schedule;
select ok((etl_api.judge_delivery(1, '{"status": 503, "headers": {"retry-after": "1"}}', list)).due_at >= '2026-05-01 10:00:05Z',
  'but not sooner than the schedule says') from schedule;
select is((etl_api.judge_delivery(1, '{"status": 503, "headers": {"retry-after": "999999999"}}', list)).due_at, '2026-05-02 10:00:00Z',
  'nor later than in a day, in seconds') from schedule;
select is((etl_api.judge_delivery(1, '{"status": 503, "headers": {"retry-after": "Fri, 01 May 2099 12:00:00 GMT"}}', list)).due_at, '2026-05-02 10:00:00Z',
  'or as a date') from schedule;

select * from finish();
