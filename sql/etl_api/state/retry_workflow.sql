create or replace function etl_api.retry_workflow(id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  state constant text := etl_api.state_of('workflow_request', id);
begin
  if state not in ('invalid', 'failed', 'timedout') then
    perform etl_api.refuse_action('workflow_request', id, state, 'retried',
      case
        when state in ('done', 'delivered') then 'Its result stands. Insert a new request.'
        when state = 'waiting' then 'It has not begun: it waits for its not_before.'
        else 'It is under way. What failed of it can be retried by its own id.'
      end);
  end if;

  -- What was invalid, or ended before its not_before, has no activities yet.
  -- after_reset_workflow_request takes in what is new again.
  update public.workflow_request as w
  set state = 'new',
      state_via = null,
      state_substate = null,
      errors = null,
      finished_at = null
  where w.id = retry_workflow.id
    and w.replay = 0
    and not exists (
      select 1
      from public.activity_request as ar
      where ar.workflow_request_id = w.id);
  if found then
    return 'The request was validated again.';
  end if;

  perform etl_api.reopen_workflow(id);
  perform etl_api.retry_activities(id, array(
    select a.id
    from public.activity_request as a
    where a.workflow_request_id = retry_workflow.id
      and a.state in ('failed', 'timedout', 'invalid')
    order by a.id));
  return 'The activities of the request that did not end well run again.';
end
$$;

comment on function etl_api.retry_workflow(uuid) is
  'Retries a workflow request; see retry. The caller holds the workflow lock.';

revoke execute on function etl_api.retry_workflow(uuid) from public;
