create or replace function etl_api.guard_deletes() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- A purge counts what it takes away itself, once for all rows alike, and takes their history with them.
  if pg_catalog.current_setting('etl.purging', true) = 'on' then
    return null;
  end if;
  -- "absent" as in guard_transitions.
  insert into etl_api.state_step (entity, entity_id, org_id, from_state, from_substate, to_state, reason, at)
  select tg_table_name::text::etl_api.entity_kind, o.id, o.org_id, o.state, o.substate, 'deleted',
    nullif(pg_catalog.current_setting('etl.reason', true), ''), utils.now()
  from (select 0 as replay) as absent
  cross join lateral (
    select id, org_id, replay, state::text as state, state_substate as substate
    from old_rows) as o
  where o.replay = 0;
  return null;
end
$$;

comment on function etl_api.guard_deletes() is
  'Writes to state_step that rows with a state were deleted: a last step to "deleted"; but for what a purge deletes (purge_rows).';

revoke execute on function etl_api.guard_deletes() from public;
