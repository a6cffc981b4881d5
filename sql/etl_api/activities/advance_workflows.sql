create or replace function etl_api.advance_workflows(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  ids uuid[];
  dropped_ids uuid[];
begin
  select pg_catalog.array_agg(w.id order by w.id) into ids
  from public.workflow_request as w
  where w.id = any (workflow_request_ids)
    and w.replay = 0
    and w.state = 'in_progress';
  if ids is null then
    return;
  end if;

  -- An activity that cannot start any more ends here, and what waits for that one with it, step by step.
  loop
    with dropped as (
      update public.activity_request as ar
      set state = 'invalid',
          state_via = null,
          state_substate = 'dependency_failed',
          errors = pg_catalog.jsonb_build_array(etl_api.dependency_error(ar.id)),
          finished_at = utils.now()
      where ar.workflow_request_id = any (ids)
        and ar.state = 'waiting'
        and exists (
          select 1
          from public.activity_dependency as d
          join public.activity_request as before on before.id = d.depends_on_id
          where d.activity_request_id = ar.id
            and before.state in ('failed', 'timedout', 'invalid'))
      returning ar.id
    )
    select pg_catalog.array_agg(dropped.id) into dropped_ids
    from dropped;
    exit when dropped_ids is null;
    perform etl_api.deliver_activity_results(dropped_ids);
  end loop;

  perform etl_api.end_workflows(ids);
  perform etl_api.start_waiting_activities(ids);
end
$$;

comment on function etl_api.advance_workflows(uuid[]) is
  'Moves workflow requests on: ends those whose activities have all ended, starts what waited for a phase or an activity that is over. The caller holds the workflow locks.';

revoke execute on function etl_api.advance_workflows(uuid[]) from public;
grant execute on function etl_api.advance_workflows(uuid[]) to service_role;
