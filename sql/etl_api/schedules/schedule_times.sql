create or replace function etl_api.schedule_times(
  cron text, time_zone text, due_at timestamptz, out last_at timestamptz, out next_at timestamptz)
language plpgsql stable
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
begin
  next_at := utils.cron_next(cron, due_at, time_zone);
  last_at := due_at;
  if next_at <= moment then
    last_at := utils.cron_last(cron, next_at, moment, time_zone);
    next_at := utils.cron_next(cron, last_at, time_zone);
  end if;
exception when others then
  -- A time zone can go with an update of the server's tables. Only this schedule stands still, and the caller says so.
  last_at := null;
  next_at := null;
end
$$;

comment on function etl_api.schedule_times(text, text, timestamptz) is
  'Of a schedule that is due: the latest time that has come (earlier ones that nobody looked at are left out), and the next one. Both null when they cannot be told.';

revoke execute on function etl_api.schedule_times(text, text, timestamptz) from public;
grant execute on function etl_api.schedule_times(text, text, timestamptz) to service_role;
