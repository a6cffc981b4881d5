-- The upper bounds say nothing; without them the planner takes a lower bound that it cannot know yet for a third of the
-- table, with them for a narrow range, which the tail is. The last condition holds always too: it keeps parallel workers
-- away, who take longer to start than the tail takes to read.
create or replace view etl_api.state_step_tail with (security_invoker = true) as
  select s.entity, s.org_id, s.from_state, s.from_substate, s.to_state, s.substate, s.xid
  from etl_api.state_step as s
  where s.xid >= (select m.next_xid from etl_api.roll_up_mark as m)
    and s.xid < 9223372036854775807
    -- As state_history numbers them: by the last step of the write.
    and s.seq * 16 + coalesce(pg_catalog.cardinality(s.via), 0) + 1 > (select m.after_seq from etl_api.roll_up_mark as m)
    and (s.seq > 0 or pg_catalog.pg_backend_pid() = 0);

comment on view etl_api.state_step_tail is
  'The writes that have not been rolled up, of those the reader may see, by where they began and ended: all that counts need.';
comment on column etl_api.state_step_tail.entity is 'The table of the row.';
comment on column etl_api.state_step_tail.org_id is 'Its tenant.';
comment on column etl_api.state_step_tail.from_state is 'State before; null when the row was made.';
comment on column etl_api.state_step_tail.from_substate is 'Substate before.';
comment on column etl_api.state_step_tail.to_state is 'State after; deleted when the row was deleted.';
comment on column etl_api.state_step_tail.substate is 'Substate after.';
comment on column etl_api.state_step_tail.xid is 'The transaction that wrote it.';

revoke all on etl_api.state_step_tail from public;
grant select on etl_api.state_step_tail to authenticated, service_role;
