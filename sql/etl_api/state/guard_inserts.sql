create or replace function etl_api.guard_inserts() returns trigger
language plpgsql
security definer
set search_path = ''
set jit = off
-- As in guard_transitions.
set plan_cache_mode = force_generic_plan
as $$
declare
  entity constant etl_api.entity_kind := tg_table_name::text::etl_api.entity_kind;
  moves etl_api.state_move[];
begin
  -- "absent" and "moves" as in guard_transitions.
  select pg_catalog.array_agg(row(m.ids, m.org_ids, m.workflow_request_ids, false, null, null,
      m.via::text[], m.state, m.substate, false, m.message)::etl_api.state_move)
    into moves
  from (
    select r.via, r.state, r.substate,
      case when r.state in ('failed', 'timedout', 'invalid')
        then coalesce(r.error ->> 'message', r.errors -> 0 ->> 'message') end as message,
      pg_catalog.array_agg(r.id) as ids, pg_catalog.array_agg(r.org_id) as org_ids,
      pg_catalog.array_agg(r.workflow_request_id) as workflow_request_ids
    from (select 0 as replay, null::jsonb as error, null::jsonb as errors, null::uuid as workflow_request_id) as absent
    cross join lateral (
      select id, org_id, workflow_request_id, replay, state, state_substate as substate, state_via as via, error, errors
      from new_rows) as r
    where r.replay = 0
    group by 1, 2, 3, 4
  ) as m;

  if moves is not null then
    perform etl_api.guard_moves(entity, moves);
  end if;
  return null;
end
$$;

comment on function etl_api.guard_inserts() is
  'Checks that a new row begins as "new" and takes only legal steps from there (state_via), for every writer, and writes the steps to state_step. See guard_moves. ETL01: it does not.';

revoke execute on function etl_api.guard_inserts() from public;
