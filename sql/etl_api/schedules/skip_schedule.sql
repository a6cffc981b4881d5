create or replace function etl_api.skip_schedule(schedule_id uuid, fault_state text, fault_message text) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.workflow_schedule as s
  set next_at = t.next_at
  from public.workflow_schedule as due
  cross join lateral etl_api.schedule_times(due.cron, due.time_zone, due.next_at) as t
  where due.id = schedule_id
    and s.id = due.id;
  perform etl_api.logger('error', 'schedules', 'A schedule could not make its request: ' || fault_message,
    pg_catalog.jsonb_build_object('sqlstate', fault_state, 'schedule_id', s.id, 'next_at', s.next_at), s.org_id)
  from public.workflow_schedule as s
  where s.id = schedule_id;
exception when others then
  if etl_api.fault_passes(sqlstate) then
    raise;
  end if;
  perform etl_api.logger_stuck('schedules', 'A schedule could neither make its request nor be set to its next time.', null,
    schedule_id, fault_state, fault_message);
end
$$;

comment on function etl_api.skip_schedule(uuid, text, text) is
  'Has a schedule that made the engine raise wait for its next time, and tells the log. The caller holds its row.';

revoke execute on function etl_api.skip_schedule(uuid, text, text) from public;
grant execute on function etl_api.skip_schedule(uuid, text, text) to service_role;
