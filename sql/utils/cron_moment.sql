create or replace function utils.cron_moment(local_time timestamp, time_zone text) returns timestamptz
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  -- PostgreSQL reads a time that clocks skip by the offset before the change, and one they show twice by the one after.
  moment timestamptz := local_time at time zone time_zone;
  day_before constant timestamptz := moment - interval '1 day';
  offset_before constant interval := (day_before at time zone time_zone) - (day_before at time zone 'UTC');
  earlier constant timestamptz := (local_time - offset_before) at time zone 'UTC';
  middle timestamptz;
begin
  if moment at time zone time_zone = local_time then
    return case when earlier < moment and earlier at time zone time_zone = local_time then earlier else moment end;
  end if;

  -- Skipped: the change lies at most as far back as the clocks were put forward. Halving finds it to the second.
  declare
    shift constant interval := (moment at time zone time_zone) - local_time;
    before timestamptz := moment - shift;
  begin
    while moment - before > interval '1 second' loop
      middle := pg_catalog.date_trunc('second', before + (moment - before) / 2, 'UTC');
      if (middle at time zone time_zone) - (middle at time zone 'UTC')
        = (moment at time zone time_zone) - (moment at time zone 'UTC')
      then
        moment := middle;
      else
        before := middle;
      end if;
    end loop;
  end;
  return moment;
end
$$;

comment on function utils.cron_moment(timestamp, text) is
  'When the clocks of a time zone show a time: the first of two when they show it twice, the first moment after it when they skip it.';

revoke execute on function utils.cron_moment(timestamp, text) from public;
grant execute on function utils.cron_moment(timestamp, text) to authenticated, service_role;
