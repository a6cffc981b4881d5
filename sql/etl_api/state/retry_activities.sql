create or replace function etl_api.retry_activities(workflow_request_id uuid, activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform etl_api.retry_runs(array(
    select q.id
    from public.run_queue as q
    where q.activity_request_id = any (activity_request_ids)
    order by q.id));

  -- trg_process_activity_request starts what becomes ready: it reads the input anew and asks the next sources.
  update public.activity_request as a
  set state = case when w.waits_for is null then 'ready' else 'waiting' end::public.activity_request_state,
      state_via = case when w.waits_for is not null then '{new,valid}'::public.activity_request_state[] end,
      state_substate = w.waits_for,
      errors = null,
      timeout_at = null,
      finished_at = null
  from (
    select ar.id,
      case
        when exists (
          select 1
          from public.activity_request as earlier
          where earlier.workflow_request_id = ar.workflow_request_id
            and earlier.workflow_phase < ar.workflow_phase
            and (earlier.id = any (activity_request_ids)
              or earlier.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))) then 'phase'
        when exists (
          select 1
          from public.activity_dependency as d
          join public.activity_request as before on before.id = d.depends_on_id
          where d.activity_request_id = ar.id
            and (before.id = any (activity_request_ids) or before.state not in ('done', 'delivered'))) then 'dependency'
      end as waits_for
    from public.activity_request as ar
    where ar.id = any (activity_request_ids)
  ) as w
  where a.id = w.id
    and a.state in ('failed', 'timedout', 'invalid');

  perform etl_api.advance_workflows(array[workflow_request_id]);
end
$$;

comment on function etl_api.retry_activities(uuid, uuid[]) is
  'Runs activity requests of one workflow request again, with their failed runs; those whose phase or dependency is not over wait for it. The caller holds the workflow lock and has reopened the workflow request.';

revoke execute on function etl_api.retry_activities(uuid, uuid[]) from public;
