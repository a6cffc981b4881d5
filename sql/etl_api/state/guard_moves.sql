create or replace function etl_api.guard_moves(entity etl_api.entity_kind, moves etl_api.state_move[]) returns void
language plpgsql
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
set enable_nestloop = on
as $$
declare
  why constant text := nullif(pg_catalog.current_setting('etl.reason', true), '');
  moment constant timestamptz := utils.now();
  this_xid constant bigint := pg_catalog.pg_current_xact_id()::text::bigint;
  move etl_api.state_move;
  steps text[];
  first int;
  last int;
  written boolean := false;
  illegal record;
  bad_ids uuid[];
begin
  -- Mostly all rows of a statement make the same move, a legal one: for them one short statement does what takes two
  -- long ones for moves of all kinds, and these judge what it does not write.
  move := moves[1];
  if pg_catalog.cardinality(moves) = 1 and not move.moved
    and (move.via is null or pg_catalog.array_ndims(move.via) = 1 and pg_catalog.array_lower(move.via, 1) = 1
      and pg_catalog.cardinality(move.via) < 15)
  then
    steps := move.from_state || coalesce(move.via, '{}') || move.to_state;
    first := case when move.from_state is null and steps[2] = 'new' then 2 else 1 end;
    last := pg_catalog.cardinality(steps) - 1;
    insert into etl_api.state_step
      (entity, entity_id, org_id, from_state, from_substate, via, to_state, substate, reason, message, at, xid)
    select entity, i.id, i.org_id, move.from_state, move.from_substate, move.via, move.to_state, move.substate, why,
      move.message, moment, this_xid
    from unnest(move.ids, move.org_ids) as i (id, org_id)
    where last - first + 1 = (
      select pg_catalog.count(*)
      from unnest(steps[first : last], steps[first + 1 : last + 1]) as s (from_state, to_state)
      join etl_api.state_transition as t on t.from_state = s.from_state and t.to_state = s.to_state
      where t.kind <> 'cancel'
        or move.substate = 'cancelled');
    written := found;
  end if;

  -- What failed, and what is done with something left out. A new via alone tells nothing new.
  if written then
    bad_ids := case
      when move.to_state in ('failed', 'timedout', 'invalid') or move.substate in ('backoff', 'lease_expired')
        or move.to_state = 'done' and move.has_errors
      then move.ids end;
  else
    illegal := etl_api.illegal_move(moves);
    if illegal.id is not null then
      perform etl_api.refuse_transition(entity::text, illegal.id, illegal.moved, illegal.from_state, illegal.to_state);
    end if;

    insert into etl_api.state_step
      (entity, entity_id, org_id, from_state, from_substate, via, to_state, substate, reason, message, at, xid)
    select entity, i.id, i.org_id, m.from_state, m.from_substate, m.via, m.to_state, m.substate, why, m.message, moment,
      this_xid
    from pg_catalog.unnest(moves) as m
    cross join lateral unnest(m.ids, m.org_ids) as i (id, org_id);

    bad_ids := array(
      select i.id
      from pg_catalog.unnest(moves) as m
      cross join lateral pg_catalog.unnest(m.ids) as i (id)
      where (m.to_state in ('failed', 'timedout', 'invalid') or m.substate in ('backoff', 'lease_expired')
          or m.to_state = 'done' and m.has_errors)
        and not (m.from_state is not distinct from m.to_state and m.via is null));
  end if;
  if bad_ids <> '{}' then
    perform etl_api.guard_logs(entity, bad_ids);
  end if;

  if entity in ('workflow_request', 'activity_request') then
    if (select s.value from etl_api.setting as s where s.name = 'realtime') = 'true' then
      perform etl_api.guard_tells(entity, moves, moment);
    end if;
  end if;
end
$$;

comment on function etl_api.guard_moves(etl_api.entity_kind, etl_api.state_move[]) is
  'The guard''s work for the moves of one statement: refuses what is illegal (ETL01), writes the rest to state_step, what failed into the log (guard_logs), steps of workflow and activity requests to who listens (guard_tells).';

revoke execute on function etl_api.guard_moves(etl_api.entity_kind, etl_api.state_move[]) from public;
