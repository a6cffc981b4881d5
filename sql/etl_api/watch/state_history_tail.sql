-- The upper bounds say nothing; without them the planner takes a lower bound that it cannot know yet for a third of the
-- table, with them for a narrow range, which the tail is. The last condition holds always too: it keeps parallel workers
-- away, who take longer to start than the tail takes to read.
create or replace view etl_api.state_history_tail with (security_invoker = true) as
  select h.entity, h.entity_id, h.org_id, h.seq, h.from_state, h.from_substate, h.to_state, h.substate, h.reason, h.at, h.xid
  from etl_api.state_history as h
  where h.xid >= (select m.next_xid from etl_api.roll_up_mark as m)
    and h.xid < 9223372036854775807
    and h.seq > (select m.after_seq from etl_api.roll_up_mark as m)
    and h.seq < 9223372036854775807
    and (h.seq > 0 or pg_catalog.pg_backend_pid() = 0);

comment on view etl_api.state_history_tail is
  'The steps that have not been rolled up, of those the reader may see: summary and tail together are exact.';
comment on column etl_api.state_history_tail.entity is 'The table of the row.';
comment on column etl_api.state_history_tail.entity_id is 'The row.';
comment on column etl_api.state_history_tail.org_id is 'Its tenant.';
comment on column etl_api.state_history_tail.seq is 'Order of the steps.';
comment on column etl_api.state_history_tail.from_state is 'State before; null when the row was made.';
comment on column etl_api.state_history_tail.from_substate is 'Substate before.';
comment on column etl_api.state_history_tail.to_state is 'State after; deleted when the row was deleted.';
comment on column etl_api.state_history_tail.substate is 'Substate after.';
comment on column etl_api.state_history_tail.reason is 'Why, in words, where somebody or something gave a reason.';
comment on column etl_api.state_history_tail.at is 'When.';
comment on column etl_api.state_history_tail.xid is 'The transaction that wrote it.';

revoke all on etl_api.state_history_tail from public;
grant select on etl_api.state_history_tail to authenticated, service_role;
