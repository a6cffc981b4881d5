create or replace function etl_api.reopen_workflow(id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  state constant text := etl_api.state_of('workflow_request', id);
begin
  if state in ('done', 'delivered', 'invalid') then
    perform etl_api.refuse_action('workflow_request', id, state, 'opened again for one of its parts',
      case state
        when 'invalid' then 'Retry the workflow request itself.'
        else 'Its result stands. Insert a new request for what is missing.'
      end);
  end if;

  update public.workflow_request as w
  set state = 'in_progress',
      state_via = '{ready}',
      state_substate = null,
      finished_at = null,
      timeout_at = utils.now() + etl_api.time_limit(
        pg_catalog.jsonb_build_object('workflow_timeout_seconds', w.data #> '{config,timeout_seconds}'),
        'workflow_timeout_seconds')
  where w.id = reopen_workflow.id
    and w.replay = 0
    and w.state in ('failed', 'timedout');
end
$$;

comment on function etl_api.reopen_workflow(uuid) is
  'Sets a failed or timed-out workflow request to work again, its time-out renewed; one under way is left as it is. ETL05: it is done or invalid. The caller holds the workflow lock.';

revoke execute on function etl_api.reopen_workflow(uuid) from public;
