create or replace function utils.cron_error(cron text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  f constant record := utils.cron_fields(cron);
  field record;
begin
  if coalesce(pg_catalog.cardinality(f.words), 0) <> 5 or pg_catalog.length(cron) > 500 then
    return pg_catalog.format(
      'a cron expression is five fields (minute, hour, day of month, month, day of week) or one of @hourly, @daily, @weekly, @monthly, @yearly, but this is %s',
      coalesce(pg_catalog.to_json(pg_catalog.left(cron, 80))::text, 'nothing'));
  end if;

  select n.name, n.word, n.range into field
  from (
    values
      (1, 'minute', f.words[1], f.minutes, '0 to 59'),
      (2, 'hour', f.words[2], f.hours, '0 to 23'),
      (3, 'day of month', f.words[3], f.days, '1 to 31'),
      (4, 'month', f.words[4], f.months, '1 to 12 or jan to dec'),
      (5, 'day of week', f.words[5], f.weekdays, '0 to 7 or sun to sat')
  ) as n (place, name, word, found, range)
  where n.found is null
  order by n.place
  limit 1;
  if found then
    return pg_catalog.format('the %s is a value from %s, a list (1,2), a range (1-5) or a step (*/2, 1-9/2), but this is %s',
      field.name, field.range, pg_catalog.to_json(pg_catalog.left(field.word, 80)));
  elsif utils.cron_next(cron, '2000-01-01 00:00:00+00', 'UTC') is null then
    return pg_catalog.format('there is no such date: day %s of month %s', f.words[3], f.words[4]);
  end if;
  return null;
end
$$;

comment on function utils.cron_error(text) is
  'What is wrong with a cron expression, in a sentence; null when nothing is. A date that never comes, such as the 30th of February, is wrong.';

revoke execute on function utils.cron_error(text) from public;
grant execute on function utils.cron_error(text) to authenticated, service_role;
