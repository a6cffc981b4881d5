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
  illegal record := etl_api.illegal_move(moves);
  bad_ids uuid[];
begin
  if illegal.id is not null then
    perform etl_api.refuse_transition(entity::text, illegal.id, illegal.moved, illegal.from_state, illegal.to_state);
  end if;

  insert into etl_api.state_step
    (entity, entity_id, org_id, from_state, from_substate, via, to_state, substate, reason, message, at, xid)
  select entity, i.id, i.org_id, m.from_state, m.from_substate, m.via, m.to_state, m.substate, why, m.message, moment, this_xid
  from pg_catalog.unnest(moves) as m
  cross join lateral unnest(m.ids, m.org_ids) as i (id, org_id);

  -- What failed, and what is done with something left out. A new via alone tells nothing new.
  bad_ids := array(
    select i.id
    from pg_catalog.unnest(moves) as m
    cross join lateral pg_catalog.unnest(m.ids) as i (id)
    where (m.to_state in ('failed', 'timedout', 'invalid') or m.substate in ('backoff', 'lease_expired')
        or m.to_state = 'done' and m.has_errors)
      and not (m.from_state is not distinct from m.to_state and m.via is null));
  if bad_ids <> '{}' then
    perform etl_api.guard_logs(entity, bad_ids);
  end if;

  if entity in ('workflow_request', 'activity_request')
    and (select s.value from etl_api.setting as s where s.name = 'realtime') = 'true'
  then
    perform etl_api.guard_tells(entity, moves, moment);
  end if;
end
$$;

comment on function etl_api.guard_moves(etl_api.entity_kind, etl_api.state_move[]) is
  'The guard''s work for the moves of one statement: refuses what is illegal (ETL01), writes the rest to state_step, what failed into the log (guard_logs), steps of workflow and activity requests to who listens (guard_tells).';

revoke execute on function etl_api.guard_moves(etl_api.entity_kind, etl_api.state_move[]) from public;
