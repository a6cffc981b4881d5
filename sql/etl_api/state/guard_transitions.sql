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
  why constant text := nullif(pg_catalog.current_setting('etl.reason', true), '');
  moment constant timestamptz := utils.now();
  found_out record;
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
  ), changed as materialized (
    select n.id, n.org_id, n.workflow_request_id, n.state::text as state, o.state::text as old_state,
      o.substate as old_substate, n.substate,
      n.error, n.errors, o.id is null as moved,
      n.state = o.state and (n.via is null or not n.via is distinct from o.via) as stays,
      -- A via left over from the write before counts only where the step is none without it.
      case when n.via is not null and (n.via is distinct from o.via
          or n.state <> o.state and (o.state::text, n.state::text) not in (
            select t.from_state, t.to_state from etl_api.state_transition as t))
        then n.via::text[] end as via
    from new_row as n
    left join old_row as o on o.id = n.id and o.org_id = n.org_id and o.replay = n.replay
    where o.id is null
      or n.replay = 0 and (n.state <> o.state
        or n.substate is distinct from o.substate
        or n.via is not null and n.via is distinct from o.via)
  ), step as materialized (
    -- "changed" is materialized, so that its casts are made once for each row and not once for each of its steps.
    select c.id, c.org_id, c.workflow_request_id, c.moved, c.stays, c.substate, c.error, c.errors,
      case when c.place = 0 then c.old_state else c.via[c.place] end as from_state,
      case when c.place = 0 then c.old_substate end as from_substate,
      case when c.place = c.places then c.state else c.via[c.place + 1] end as to_state,
      c.place = c.places as is_last
    from (
      select c.*, coalesce(pg_catalog.cardinality(c.via), 0) as places,
        pg_catalog.generate_series(0, coalesce(pg_catalog.cardinality(c.via), 0)) as place
      from changed as c
    ) as c
  ), written as (
    insert into etl_api.state_history
      (entity, entity_id, org_id, from_state, from_substate, to_state, substate, reason, at)
    select entity, s.id, s.org_id, s.from_state, s.from_substate, s.to_state,
      case when s.is_last then s.substate end,
      coalesce(why, case when s.is_last and (s.to_state in ('failed', 'timedout', 'invalid') or s.substate = 'backoff')
        then coalesce(s.error ->> 'message', s.errors -> 0 ->> 'message') end),
      moment
    from step as s
    where s.to_state is not null
  )
  select told.*, fault.* into found_out
  from (
    select
      array(
        select s.id
        from step as s
        where s.is_last
          and not s.stays
          and (s.to_state in ('failed', 'timedout', 'invalid') or s.substate in ('backoff', 'lease_expired')
            or s.to_state = 'done' and s.errors is not null)) as bad_ids,
      case when entity in ('workflow_request', 'activity_request')
        and (select t.value from etl_api.setting as t where t.name = 'realtime') = 'true'
        then array(
          select row(s.id, s.org_id, s.workflow_request_id, s.to_state, case when s.is_last then s.substate end)::etl_api.state_change
          from step as s)
        else '{}' end as changes
  ) as told
  left join (
    select s.id, s.moved, s.from_state, s.to_state
    from step as s
    left join etl_api.state_transition as t on t.from_state = s.from_state and t.to_state = s.to_state
    where s.moved
      or not s.stays and t.kind is null
      or t.kind = 'cancel' and s.substate is distinct from 'cancelled'
    limit 1
  ) as fault on true;

  if found_out.id is not null then
    perform etl_api.refuse_transition(tg_table_name, found_out.id, found_out.moved, found_out.from_state, found_out.to_state);
  end if;
  if found_out.bad_ids <> '{}' then
    perform etl_api.guard_logs(entity, found_out.bad_ids);
  end if;
  if found_out.changes <> '{}' then
    perform etl_api.guard_tells(entity, found_out.changes, moment);
  end if;
  return null;
end
$$;

comment on function etl_api.guard_transitions() is
  'Checks every step an update makes against etl_api.state_transition, for every writer, and writes it to state_history: the steps in state_via, then state. What failed goes into the log (guard_logs), steps of workflow and activity requests to who listens (guard_tells). ETL01: an illegal step, or a changed id.';

revoke execute on function etl_api.guard_transitions() from public;
