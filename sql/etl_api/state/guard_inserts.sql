create or replace function etl_api.guard_inserts() returns trigger
language plpgsql
security definer
set search_path = ''
set jit = off
-- As in guard_transitions.
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  entity constant etl_api.entity_kind := tg_table_name::text::etl_api.entity_kind;
  why constant text := nullif(pg_catalog.current_setting('etl.reason', true), '');
  moment constant timestamptz := utils.now();
  found_out record;
begin
  -- "absent" as in guard_transitions.
  with made as materialized (
    select r.id, r.org_id, r.workflow_request_id, r.state::text as state, r.substate, r.via::text[] as via,
      coalesce(pg_catalog.cardinality(r.via), 0) as places,
      coalesce(r.error ->> 'message', r.errors -> 0 ->> 'message') as message
    from (select 0 as replay, null::jsonb as error, null::jsonb as errors, null::uuid as workflow_request_id) as absent
    cross join lateral (
      select id, org_id, workflow_request_id, replay, state, state_substate as substate, state_via as via, error, errors
      from new_rows) as r
    where r.replay = 0
  ), step as materialized (
    select m.id, m.org_id, m.workflow_request_id, m.substate, m.message,
      m.via[m.place] as from_state,
      case when m.place = m.places then m.state else m.via[m.place + 1] end as to_state,
      m.place = 0 as is_first,
      m.place = m.places as is_last
    from (select made.*, pg_catalog.generate_series(0, made.places) as place from made) as m
  ), written as (
    insert into etl_api.state_history (entity, entity_id, org_id, from_state, to_state, substate, reason, at)
    select entity, s.id, s.org_id, s.from_state, s.to_state,
      case when s.is_last then s.substate end,
      coalesce(why, case when s.is_last and s.to_state in ('failed', 'timedout', 'invalid') then s.message end),
      moment
    from step as s
    where s.to_state is not null
  )
  select told.*, fault.* into found_out
  from (
    select
      array(select s.id from step as s where s.is_last and s.to_state in ('failed', 'timedout', 'invalid')) as bad_ids,
      case when entity in ('workflow_request', 'activity_request')
        and (select t.value from etl_api.setting as t where t.name = 'realtime') = 'true'
        then array(
          select row(s.id, s.org_id, s.workflow_request_id, s.to_state, case when s.is_last then s.substate end)::etl_api.state_change
          from step as s)
        else '{}' end as changes
  ) as told
  left join (
    select s.id, s.from_state, s.to_state
    from step as s
    left join etl_api.state_transition as t on t.from_state = s.from_state and t.to_state = s.to_state
    where s.is_first and s.to_state is distinct from 'new'
      or not s.is_first and t.kind is null
      or t.kind = 'cancel' and s.substate is distinct from 'cancelled'
    limit 1
  ) as fault on true;

  if found_out.id is not null then
    perform etl_api.refuse_transition(tg_table_name, found_out.id, false, found_out.from_state, found_out.to_state);
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

comment on function etl_api.guard_inserts() is
  'Checks that a new row begins as "new" and takes only legal steps from there (state_via), for every writer, and writes the steps to state_history. As guard_transitions it tells the log of failures and who listens of steps. ETL01: it does not.';

revoke execute on function etl_api.guard_inserts() from public;
