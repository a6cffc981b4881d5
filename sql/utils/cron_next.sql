create or replace function utils.cron_next(cron text, after timestamptz, time_zone text) returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  f constant record := utils.cron_fields(cron);
  local_after constant timestamp := after at time zone time_zone;
  day timestamp := pg_catalog.date_trunc('day', local_after);
  -- All there is comes within 40 years: the 29th of February on a given day of the week.
  last_day constant timestamp := day + interval '41 years';
  on_day boolean;
  on_weekday boolean;
  hour int;
  minute int;
  moment timestamptz;
begin
  if f.minutes is null or f.hours is null or f.days is null or f.months is null or f.weekdays is null then
    raise exception using
      errcode = 'ETL07',
      message = utils.cron_error(cron),
      hint = 'An example: 30 6 * * mon-fri is half past six on weekdays.';
  end if;

  while day < last_day loop
    if pg_catalog.date_part('month', day) <> all (f.months) then
      day := pg_catalog.date_trunc('month', day) + interval '1 month';
      continue;
    end if;
    on_day := pg_catalog.date_part('day', day) = any (f.days);
    on_weekday := pg_catalog.date_part('dow', day) = any (f.weekdays);
    if (on_day and on_weekday) or (f.any_day and (on_day or on_weekday)) then
      foreach hour in array f.hours loop
        continue when day + pg_catalog.make_interval(hours => hour + 1) <= local_after;
        foreach minute in array f.minutes loop
          continue when day + pg_catalog.make_interval(hours => hour, mins => minute) <= local_after;
          moment := utils.cron_moment(day + pg_catalog.make_interval(hours => hour, mins => minute), time_zone);
          -- A time that clocks show twice has come when they show it first.
          if moment > after then
            return moment;
          end if;
        end loop;
      end loop;
    end if;
    day := day + interval '1 day';
  end loop;
  return null;
end
$$;

comment on function utils.cron_next(text, timestamptz, text) is
  'The first time after the given one that a cron expression names in a time zone; null when it names none, such as the 30th of February. A time that the clocks skip on a day is the first moment after it, one that they show twice counts once. ETL07: no cron expression.';

revoke execute on function utils.cron_next(text, timestamptz, text) from public;
grant execute on function utils.cron_next(text, timestamptz, text) to authenticated, service_role;
