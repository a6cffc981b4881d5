create or replace function etl_api.roll_up(max_rows int default 200000) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  mark etl_api.roll_up_mark;
  part record;
begin
  if coalesce(max_rows, 0) < 1 then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('max_rows is %s: it must be 1 or more', coalesce(max_rows::text, 'null')),
      hint = 'Leave it out for 200000.';
  end if;
  if not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('etl_api.roll_up', 0)) then
    return 0;
  end if;
  select m.* into mark
  from etl_api.roll_up_mark as m
  for update;
  if mark.cluster <> (select c.system_identifier from pg_catalog.pg_control_system() as c) then
    return etl_api.roll_up_restored();
  end if;

  part := etl_api.roll_up_end(max_rows);
  if part.steps > 0 then
    perform etl_api.roll_up_counts(part.to_xid);
    -- Of many steps a sample tells percentiles as well: 20,000 to 40,000.
    perform etl_api.roll_up_durations(part.to_xid,
      (2 ^ least(8, greatest(0, pg_catalog.floor(pg_catalog.log(2, part.steps::numeric / 20000)))))::int);
    perform etl_api.roll_up_traffic(part.to_xid);
    perform etl_api.roll_up_usage(mark.next_xid, part.to_xid);
  end if;
  -- Nothing to do leaves no trace, but once a minute, which tells that the sweep lives.
  if part.steps > 0 or mark.rolled_up_at < utils.now() - interval '1 minute' then
    update etl_api.roll_up_mark
    set next_xid = part.to_xid,
        rolled_up_at = utils.now();
  end if;
  return part.steps;
end
$$;

comment on function etl_api.roll_up(int) is
  'Adds the steps of transactions that have ended since the last time to the summaries the views read: state_count, state_duration, traffic, usage_day. About max_rows steps at once; one roll-up at a time, a second one does nothing. Returns how many steps. Part of recover(); where more than 20,000 steps a second come in, call it more often. ETL04: max_rows is less than 1.';

revoke execute on function etl_api.roll_up(int) from public;
grant execute on function etl_api.roll_up(int) to service_role;
