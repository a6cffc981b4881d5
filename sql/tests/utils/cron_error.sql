-- What a cron expression may say, and the sentence about one that says something else.
select plan(34);

select is(utils.cron_error(cron), null, cron || ' is one')
from unnest(array[
  '* * * * *', '30 6 * * mon-fri', '0,30 8-18/2 1,15 JAN,jul *', '0 0 * * 7', '0 0 * * fri-sun', '*/200 * * * *',
  E' 0\t0  * * *\n', '@hourly', '@Daily', '@weekly', '@monthly', '@yearly', '@annually', '@midnight',
  '0 0 29 2 *', '0 0 29 2 */7', '0 0 30 2 mon', '00 07 01 01 00']) as cron;

select is(left(utils.cron_error(cron), length(start)), start, coalesce(cron, 'null') || ' is none')
from (values
  (null, 'a cron expression is five fields (minute, hour, day of month, month, day of week) or one of @hourly, @daily, @weekly, @monthly, @yearly, but this is nothing'),
  ('', 'a cron expression is five fields'),
  ('* * * *', 'a cron expression is five fields'),
  ('* * * * * *', 'a cron expression is five fields'),
  ('@reboot', 'a cron expression is five fields'),
  ('60 * * * *', 'the minute is a value from 0 to 59, a list (1,2), a range (1-5) or a step (*/2, 1-9/2), but this is "60"'),
  ('5/15 * * * *', 'the minute is a value from 0 to 59'),
  ('1,,2 * * * *', 'the minute is a value from 0 to 59'),
  ('*-5 * * * *', 'the minute is a value from 0 to 59'),
  ('*/0 * * * *', 'the minute is a value from 0 to 59'),
  ('0 18-8 * * *', 'the hour is a value from 0 to 23'),
  ('0 0 0 * *', 'the day of month is a value from 1 to 31'),
  ('0 0 * mon *', 'the month is a value from 1 to 12 or jan to dec'),
  ('0 0 * * 8', 'the day of week is a value from 0 to 7 or sun to sat'),
  ('0 0 30 2 *', 'there is no such date: day 30 of month 2'),
  ('0 0 31 4,6,9,11 *', 'there is no such date: day 31 of month 4,6,9,11')
) as v (cron, start);

select * from finish();
