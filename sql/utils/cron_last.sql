create or replace function utils.cron_last(cron text, since timestamptz, until timestamptz, time_zone text)
returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  low timestamptz := since - interval '1 second';
  high timestamptz := until;
  middle timestamptz;
begin
  if coalesce(utils.cron_next(cron, low, time_zone) > until, true) then
    return null;
  end if;
  -- Halving, so that a year of minutes is some twenty questions: after low a time comes by until, after high none.
  while high - low > interval '1 second' loop
    middle := low + (high - low) / 2;
    if utils.cron_next(cron, middle, time_zone) <= until then
      low := middle;
    else
      high := middle;
    end if;
  end loop;
  return utils.cron_next(cron, low, time_zone);
end
$$;

comment on function utils.cron_last(text, timestamptz, timestamptz, text) is
  'The last time between two times, both included, that a cron expression names in a time zone; null when there is none.';

revoke execute on function utils.cron_last(text, timestamptz, timestamptz, text) from public;
grant execute on function utils.cron_last(text, timestamptz, timestamptz, text) to authenticated, service_role;
