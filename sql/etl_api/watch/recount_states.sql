create or replace function etl_api.recount_states() returns bigint
language plpgsql
security definer
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  counted bigint;
begin
  if pg_catalog.current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'ETL05',
      message = 'recount_states must see what others have just committed: call it in a transaction that is read committed';
  end if;
  perform 1
  from etl_api.roll_up_mark as m
  for update;
  -- Who writes steps has finished, who wants to waits: what is in the tables is what the steps so far have led to.
  lock table etl_api.state_step in share mode;

  delete from etl_api.state_count;
  insert into etl_api.state_count (org_id, entity, state, state_substate, rows)
  select w.org_id, 'workflow_request'::etl_api.entity_kind, w.state::text, w.state_substate, pg_catalog.count(*)
  from public.workflow_request as w where w.replay = 0 group by w.org_id, w.state, w.state_substate
  union all
  select a.org_id, 'activity_request', a.state::text, a.state_substate, pg_catalog.count(*)
  from public.activity_request as a group by a.org_id, a.state, a.state_substate
  union all
  select q.org_id, 'run_queue', q.state::text, q.state_substate, pg_catalog.count(*)
  from public.run_queue as q group by q.org_id, q.state, q.state_substate
  union all
  select r.org_id, 'run_request', r.state::text, r.state_substate, pg_catalog.count(*)
  from public.run_request as r group by r.org_id, r.state, r.state_substate
  union all
  select d.org_id, 'delivery', d.state::text, d.state_substate, pg_catalog.count(*)
  from public.delivery as d group by d.org_id, d.state, d.state_substate;

  update etl_api.roll_up_mark
  set next_xid = etl_api.first_open_xid(),
      -- The last step of the last write so far, as state_history numbers them.
      after_seq = coalesce(pg_catalog.pg_sequence_last_value(
        pg_catalog.pg_get_serial_sequence('etl_api.state_step', 'seq')::regclass), 0) * 16 + 15,
      cluster = (select c.system_identifier from pg_catalog.pg_control_system() as c),
      rolled_up_at = utils.now();

  select coalesce(pg_catalog.sum(c.rows), 0) into counted
  from etl_api.state_count as c;
  return counted;
end
$$;

comment on function etl_api.recount_states() is
  'Counts all rows with a state anew, for when they were written past the triggers (bulk load, truncate) or restored on another server, where the roll-up calls it by itself. Until it commits nobody changes a state; it gives up after 2 s of waiting for those who are at it. Returns how many rows there are. ETL05: not in a read committed transaction.';

revoke execute on function etl_api.recount_states() from public;
grant execute on function etl_api.recount_states() to service_role;
