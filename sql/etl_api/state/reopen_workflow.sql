create or replace function etl_api.reopen_workflow(id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  state constant text := etl_api.state_of('workflow_request', id);
  deadline constant timestamptz := (
    select w.deadline_at from public.workflow_request as w where w.id = reopen_workflow.id and w.replay = 0);
begin
  if state in ('done', 'delivered', 'invalid') then
    perform etl_api.refuse_action('workflow_request', id, state, 'opened again for one of its parts',
      case state
        when 'invalid' then 'Retry the workflow request itself.'
        else 'Its result stands. Insert a new request for what is missing.'
      end);
  elsif state in ('failed', 'timedout') and deadline <= utils.now() then
    perform etl_api.refuse_action('workflow_request', id, state, 'taken up again',
      pg_catalog.format('Its deadline was %s. Insert a new request.', utils.iso_time(deadline)));
  end if;

  update public.workflow_request as w
  set state = 'in_progress',
      state_via = '{ready}',
      state_substate = null,
      finished_at = null,
      timeout_at = least(w.deadline_at, utils.now() + etl_api.time_limit(
        pg_catalog.jsonb_build_object('workflow_timeout_seconds', w.data #> '{config,timeout_seconds}'),
        'workflow_timeout_seconds'))
  where w.id = reopen_workflow.id
    and w.replay = 0
    and w.state in ('failed', 'timedout');
end
$$;

comment on function etl_api.reopen_workflow(uuid) is
  'Sets a failed or timed-out workflow request to work again, its time-out renewed; one under way is left as it is. ETL05: it is done or invalid, or its deadline is over. The caller holds the workflow lock.';

revoke execute on function etl_api.reopen_workflow(uuid) from public;
