create or replace function etl_api.start_waiting_activities(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  start_ids uuid[];
begin
  select pg_catalog.array_agg(ar.id order by ar.id) into start_ids
  from public.activity_request as ar
  where ar.workflow_request_id = any (workflow_request_ids)
    and ar.state = 'waiting'
    and not exists (
      select 1
      from public.activity_request as earlier
      where earlier.workflow_request_id = ar.workflow_request_id
        and earlier.workflow_phase < ar.workflow_phase
        and earlier.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
    and not exists (
      select 1
      from public.activity_dependency as d
      join public.activity_request as before on before.id = d.depends_on_id
      where d.activity_request_id = ar.id
        and before.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'));
  if start_ids is null then
    return;
  end if;

  update public.workflow_request as w
  set workflow_phase = s.phase
  from (
    select ar.workflow_request_id, pg_catalog.min(ar.workflow_phase) as phase
    from public.activity_request as ar
    where ar.id = any (start_ids)
    group by ar.workflow_request_id
  ) as s
  where w.id = s.workflow_request_id
    and w.replay = 0
    and w.workflow_phase is distinct from s.phase;

  -- trg_process_activity_request starts what becomes ready.
  update public.activity_request as ar
  set state = 'ready',
      state_via = null,
      state_substate = null
  where ar.id = any (start_ids)
    and ar.state = 'waiting';
end
$$;

comment on function etl_api.start_waiting_activities(uuid[]) is
  'Makes ready the activity requests whose phase has come and whose dependencies have ended. The caller holds the workflow locks.';

revoke execute on function etl_api.start_waiting_activities(uuid[]) from public;
grant execute on function etl_api.start_waiting_activities(uuid[]) to service_role;
