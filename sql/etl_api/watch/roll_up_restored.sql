create or replace function etl_api.roll_up_restored() returns bigint
language plpgsql
set search_path = ''
as $$
begin
  -- The transaction numbers are another server's: the tail is what it had not rolled up itself.
  perform etl_api.roll_up_durations(9223372036854775807);
  perform etl_api.roll_up_traffic(9223372036854775807);
  perform etl_api.roll_up_usage((select m.next_xid from etl_api.roll_up_mark as m), 9223372036854775807);
  perform etl_api.recount_states();
  return 0;
exception when lock_not_available or deadlock_detected then
  perform etl_api.logger('info', 'watch',
    'The summaries were not counted anew after the restore: state_history was busy. The next sweep tries again.');
  return 0;
end
$$;

comment on function etl_api.roll_up_restored() is
  'The first roll-up on another server than the one before: rolls up what that one had left and counts all states anew.';

revoke execute on function etl_api.roll_up_restored() from public;
grant execute on function etl_api.roll_up_restored() to service_role;
