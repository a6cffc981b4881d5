-- The time after a time. Most of it is tested against a model (tests/schedules/cron.test.ts); here what people rely on.
select plan(24);
set timezone = 'UTC';

select is(utils.cron_next(cron, after::timestamptz, zone), expected::timestamptz, why)
from (values
  ('* * * * *', '2026-05-01 10:00:00Z', 'UTC', '2026-05-01 10:01:00Z', 'the next minute'),
  ('* * * * *', '2026-05-01 10:00:59.9Z', 'UTC', '2026-05-01 10:01:00Z', 'whole minutes'),
  ('0 10 * * *', '2026-05-01 09:59:59.9Z', 'UTC', '2026-05-01 10:00:00Z', 'later the same day'),
  ('0 10 * * *', '2026-05-01 10:00:00Z', 'UTC', '2026-05-02 10:00:00Z', 'after, not at'),
  ('30 6 * * mon-fri', '2026-05-01 06:30:00Z', 'UTC', '2026-05-04 06:30:00Z', 'over the weekend'),
  ('0 0 13 * 5', '2026-05-01 12:00:00Z', 'UTC', '2026-05-08 00:00:00Z', 'the 13th or a Friday'),
  ('0 0 */13 * 5', '2026-05-01 12:00:00Z', 'UTC', '2026-08-14 00:00:00Z', 'but both where one begins with *'),
  ('0 0 * * 0', '2026-05-01 12:00:00Z', 'UTC', '2026-05-03 00:00:00Z', 'Sunday is 0'),
  ('0 0 * * 7', '2026-05-01 12:00:00Z', 'UTC', '2026-05-03 00:00:00Z', 'and 7'),
  ('@yearly', '2026-05-01 12:00:00Z', 'UTC', '2027-01-01 00:00:00Z', 'a word for five fields'),
  ('0 0 29 2 *', '2096-03-01 00:00:00Z', 'UTC', '2104-02-29 00:00:00Z', 'leap years that are eight years apart'),
  ('0 0 29 2 */7', '2088-03-01 00:00:00Z', 'UTC', '2128-02-29 00:00:00Z', 'a leap day on a Sunday may be forty years off'),
  ('0 0 30 2 *', '2026-05-01 12:00:00Z', 'UTC', null, 'a date that never comes'),
  ('0 9 * * *', '2026-05-01 00:00:00Z', 'Asia/Kathmandu', '2026-05-01 03:15:00Z', 'in a zone of its own'),
  -- Clocks go from 02:00 to 03:00.
  ('30 2 * * *', '2026-03-28 12:00:00Z', 'Europe/Berlin', '2026-03-29 01:00:00Z', 'skipped: the first moment after'),
  ('*/20 * * * *', '2026-03-29 00:40:00Z', 'Europe/Berlin', '2026-03-29 01:00:00Z', 'and only once'),
  ('*/20 * * * *', '2026-03-29 01:00:00Z', 'Europe/Berlin', '2026-03-29 01:20:00Z', 'then as ever'),
  -- Clocks go from 03:00 back to 02:00.
  ('30 2 * * *', '2026-10-24 12:00:00Z', 'Europe/Berlin', '2026-10-25 00:30:00Z', 'shown twice: the first'),
  ('30 2 * * *', '2026-10-25 00:30:00Z', 'Europe/Berlin', '2026-10-26 01:30:00Z', 'and not the second'),
  ('*/20 * * * *', '2026-10-25 00:40:00Z', 'Europe/Berlin', '2026-10-25 02:00:00Z', 'whatever the expression'),
  ('15 2 * * *', '2026-10-03 00:00:00Z', 'Australia/Lord_Howe', '2026-10-03 15:30:00Z', 'clocks put forward by half an hour'),
  ('0 12 30 12 *', '2011-01-01 00:00:00Z', 'Pacific/Apia', '2011-12-30 10:00:00Z', 'a day that was left out')
) as v (cron, after, zone, expected, why);

select is(utils.cron_next('* * * * *', null, 'UTC'), null, 'no time, no time after it');
select throws_ok($$select utils.cron_next('61 * * * *', now(), 'UTC')$$, 'ETL07', utils.cron_error('61 * * * *'), 'no cron expression');

select * from finish();
