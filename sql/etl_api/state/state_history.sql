-- A write that walks several steps is one row of state_step; here it is as many rows as it has steps.
create or replace view etl_api.state_history with (security_invoker = true) as
  select s.entity, s.entity_id, s.org_id, s.seq * 16 + p.place as seq,
    case when p.place = 1 then s.from_state else s.via[p.place - 1] end as from_state,
    case when p.place = 1 then s.from_substate end as from_substate,
    p.to_state,
    case when p.place > coalesce(pg_catalog.cardinality(s.via), 0) then s.substate end as substate,
    -- What went wrong is why it took the last step; why somebody set it going is why it took all of them.
    coalesce(s.reason, case when p.place > coalesce(pg_catalog.cardinality(s.via), 0) then s.message end) as reason,
    s.at, s.xid
  from etl_api.state_step as s
  cross join lateral pg_catalog.unnest(pg_catalog.array_append(s.via, s.to_state)) with ordinality as p (to_state, place);

comment on view etl_api.state_history is
  'Every step of every row with a state, in order of seq, of those the reader may see.';
comment on column etl_api.state_history.entity is 'The table of the row.';
comment on column etl_api.state_history.entity_id is 'The row.';
comment on column etl_api.state_history.org_id is 'Its tenant.';
comment on column etl_api.state_history.seq is 'Order of the steps.';
comment on column etl_api.state_history.from_state is 'State before; null when the row was made.';
comment on column etl_api.state_history.from_substate is 'Substate before.';
comment on column etl_api.state_history.to_state is 'State after; deleted when the row was deleted.';
comment on column etl_api.state_history.substate is 'Substate after.';
comment on column etl_api.state_history.reason is 'Why, in words, where somebody or something gave a reason.';
comment on column etl_api.state_history.at is 'When.';
comment on column etl_api.state_history.xid is 'The transaction that wrote it: what has been rolled up is told by this.';

revoke all on etl_api.state_history from public;
grant select on etl_api.state_history to authenticated, service_role;
