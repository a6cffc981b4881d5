create or replace function etl_api.run_schedules_apart(schedule_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  half constant int := pg_catalog.cardinality(schedule_ids) / 2;
  fault_state text;
  fault_message text;
begin
  return etl_api.make_scheduled_requests(schedule_ids);
exception when others then
  get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
  if etl_api.fault_passes(fault_state) then
    raise;
  end if;
  if half > 0 then
    return etl_api.run_schedules_apart(schedule_ids[1 : half]) + etl_api.run_schedules_apart(schedule_ids[half + 1 :]);
  end if;
  perform etl_api.skip_schedule(schedule_ids[1], fault_state, fault_message);
  return 0;
end
$$;

comment on function etl_api.run_schedules_apart(uuid[]) is
  'Makes the requests of schedules that are due (make_scheduled_requests); when that fails, halves them until the one that raises stands alone, and has it wait for its next time. Returns how many it made. The caller holds their rows.';

revoke execute on function etl_api.run_schedules_apart(uuid[]) from public;
grant execute on function etl_api.run_schedules_apart(uuid[]) to service_role;
