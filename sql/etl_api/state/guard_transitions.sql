create or replace function etl_api.guard_transitions() returns trigger
language plpgsql
security definer
set search_path = ''
set jit = off
-- The plan is made once, for the first statement's number of rows; these keep it right for 1 row and for 10,000.
set plan_cache_mode = force_generic_plan
-- Hash joins by name, since hot functions above switch them off for tables.
set enable_hashjoin = on
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  entity constant etl_api.entity_kind := tg_table_name::text::etl_api.entity_kind;
  moves etl_api.state_move[];
begin
  -- One function for five tables: a column that a table lacks is looked up in "absent", because an unqualified
  -- name which the inner query does not know belongs to the outer one.
  with new_row as (
    select r.*
    from (select 0 as replay, null::jsonb as error, null::jsonb as errors, null::uuid as workflow_request_id) as absent
    cross join lateral (
      select id, org_id, replay, state, state_substate as substate, state_via as via, error, errors, workflow_request_id
      from new_rows) as r
  ), old_row as (
    select r.*
    from (select 0 as replay) as absent
    cross join lateral (
      select id, org_id, replay, state, state_substate as substate, state_via as via
      from old_rows) as r
  ), changed as (
    select n.id, n.org_id, n.workflow_request_id, n.state, o.state as old_state, n.substate, o.substate as old_substate,
      o.id is null as moved, n.errors is not null as has_errors,
      -- A via left over from the write before counts only where the step is none without it.
      case when n.via is distinct from o.via
          or n.via is not null and n.state <> o.state and (o.state::text, n.state::text) not in (
            select t.from_state, t.to_state from etl_api.state_transition as t)
        then n.via end as via,
      case when n.state in ('failed', 'timedout', 'invalid') or n.substate = 'backoff'
        then coalesce(n.error ->> 'message', n.errors -> 0 ->> 'message') end as message
    from new_row as n
    left join old_row as o on o.id = n.id and o.org_id = n.org_id and o.replay = n.replay
    where o.id is null
      or n.replay = 0 and (n.state <> o.state
        or n.substate is distinct from o.substate
        or n.via is not null and n.via is distinct from o.via)
  )
  -- Most rows of a statement make the same move: what follows is done once for each of these.
  select pg_catalog.array_agg(row(c.ids, c.org_ids, c.workflow_request_ids, c.moved, c.old_state, c.old_substate,
      c.via::text[], c.state, c.substate, c.has_errors, c.message)::etl_api.state_move)
    into moves
  from (
    select c.moved, c.old_state, c.old_substate, c.via, c.state, c.substate, c.has_errors, c.message,
      pg_catalog.array_agg(c.id) as ids, pg_catalog.array_agg(c.org_id) as org_ids,
      pg_catalog.array_agg(c.workflow_request_id) as workflow_request_ids
    from changed as c
    group by c.moved, c.old_state, c.old_substate, c.via, c.state, c.substate, c.has_errors, c.message
  ) as c;

  if moves is not null then
    perform etl_api.guard_moves(entity, moves);
  end if;
  return null;
end
$$;

comment on function etl_api.guard_transitions() is
  'Checks every step an update makes against etl_api.state_transition, for every writer, and writes it to state_step: the steps in state_via, then state. See guard_moves. ETL01: an illegal step, or a changed id.';

revoke execute on function etl_api.guard_transitions() from public;
