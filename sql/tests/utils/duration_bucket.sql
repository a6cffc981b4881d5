select plan(9);

select is(utils.duration_bucket(null), -1::smallint, 'not known');
select is(utils.duration_bucket('0'), 0::smallint, 'no time at all');
select is(utils.duration_bucket('-1 hour'), 0::smallint, 'nor less: clocks can be set back');
select is(utils.duration_bucket('1 millisecond'), 0::smallint, 'one millisecond is still in the first class');
-- The end of each class belongs to it.
select is(
  array(select utils.duration_bucket(interval '1 millisecond' * pg_catalog.power(2, n)) from generate_series(1, 40) as n),
  array(select (4 * n)::smallint from generate_series(1, 40) as n),
  'powers of two, up to 34 years, end every fourth class');
select is(
  array(select utils.duration_bucket(interval '1.001 milliseconds' * pg_catalog.power(2, n)) from generate_series(1, 40) as n),
  array(select (4 * n + 1)::smallint from generate_series(1, 40) as n),
  'a little more is the next class');

select is(utils.bucket_milliseconds(0::smallint), 0::numeric, 'up to a millisecond reads as none');
select is(utils.bucket_milliseconds(-1::smallint), null, 'what is not known stays so');
select ok(
  (select pg_catalog.bool_and(pg_catalog.abs(utils.bucket_milliseconds(utils.duration_bucket(ms * interval '1 millisecond')) / ms - 1) <= 0.1)
   from (select n::numeric * n as ms from generate_series(2, 2000) as n) as durations),
  'the middle of its class is at most a tenth off any duration');

select * from finish();
