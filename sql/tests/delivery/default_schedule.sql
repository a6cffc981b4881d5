-- Eight attempts in a little more than a day.
select plan(3);

create temp table attempt as
select n, (etl_api.judge_delivery(n, '{"status": 503}', (select value from etl_api.setting where name = 'delivery_schedule_seconds'))).*
from generate_series(1, 8) as n;
select is((select array_agg(verdict order by n) from attempt), array_fill('retry'::text, array[7]) || 'fail'::text, 'seven are repeated, the eighth is the last');
select is(
  (select array_agg(due_at between utils.now() + s.seconds * interval '1 second' and utils.now() + s.seconds * interval '1.1 second' order by attempt.n)
   from attempt join unnest('{5,300,1800,7200,18000,36000,36000}'::int[]) with ordinality as s (seconds, n) on s.n = attempt.n),
  array_fill(true, array[7]), 'after 5 s, 5 and 30 min, 2, 5, 10 and 10 h');
-- Of a hundred that failed together at the same moment.
select cmp_ok((select count(distinct (etl_api.judge_delivery(3, '{"status": 503}', '[5, 300, 1800]')).due_at) from generate_series(1, 100)), '>', 50::bigint,
  'what failed together does not come back together');

select * from finish();
