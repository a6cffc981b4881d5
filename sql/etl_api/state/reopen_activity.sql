create or replace function etl_api.reopen_activity(id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  state constant text := etl_api.state_of('activity_request', id);
begin
  if state not in ('in_progress', 'failed', 'timedout') then
    perform etl_api.refuse_action('activity_request', id, state, 'opened again for one of its parts',
      case when state in ('done', 'delivered')
        then 'Its result stands. Insert a new request for what is missing.'
        else 'Retry the activity request itself.'
      end);
  end if;
  perform etl_api.reopen_workflow(a.workflow_request_id)
  from public.activity_request as a
  where a.id = reopen_activity.id;

  update public.activity_request as a
  set state = 'in_progress',
      state_via = '{ready}',
      state_substate = null,
      errors = null,
      finished_at = null,
      timeout_at = utils.now() + etl_api.time_limit(a.config, 'activity_timeout_seconds')
  where a.id = reopen_activity.id
    and a.state in ('failed', 'timedout');
end
$$;

comment on function etl_api.reopen_activity(uuid) is
  'Sets a failed or timed-out activity request, and its workflow request, to work again, time-outs renewed; what is under way is left as it is. ETL05: one of them is done or invalid. The caller holds the workflow lock.';

revoke execute on function etl_api.reopen_activity(uuid) from public;
