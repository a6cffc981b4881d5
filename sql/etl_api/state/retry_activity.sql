create or replace function etl_api.retry_activity(id uuid, workflow_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  state constant text := etl_api.state_of('activity_request', id);
begin
  if state not in ('failed', 'timedout', 'invalid') then
    perform etl_api.refuse_action('activity_request', id, state, 'retried',
      case when state in ('done', 'delivered')
        then 'Its result stands. Insert a new request for what is missing.'
        else 'It is under way. What failed of it can be retried by its own id.'
      end);
  end if;

  perform etl_api.reopen_workflow(workflow_request_id);
  -- What was given up because of it waits for it again, unless another failed it as well.
  perform etl_api.retry_activities(workflow_request_id, array(
    with recursive again as (
      select retry_activity.id as id
      union
      select a.id
      from again
      join public.activity_dependency as d on d.depends_on_id = again.id
      join public.activity_request as a
        on a.id = d.activity_request_id
        and a.state = 'invalid'
        and a.state_substate = 'dependency_failed'
        and not exists (
          select 1
          from public.activity_dependency as other
          join public.activity_request as before on before.id = other.depends_on_id
          where other.activity_request_id = a.id
            and before.id <> retry_activity.id
            and before.state in ('failed', 'timedout', 'invalid')
            and before.state_substate is distinct from 'dependency_failed'
            and before.on_failure = 'fail')
    )
    select again.id
    from again));
  return 'The activity runs again.';
end
$$;

comment on function etl_api.retry_activity(uuid, uuid) is
  'Retries an activity request; see retry. The caller holds the workflow lock.';

revoke execute on function etl_api.retry_activity(uuid, uuid) from public;
