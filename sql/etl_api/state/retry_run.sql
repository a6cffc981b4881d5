create or replace function etl_api.retry_run(id uuid, activity_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  state constant text := etl_api.state_of('run_queue', id);
begin
  if state not in ('failed', 'timedout', 'invalid') then
    perform etl_api.refuse_action('run_queue', id, state, 'retried',
      case state when 'done' then 'Its source has answered. Insert a new request to ask it again.' else 'It is under way.' end);
  end if;
  perform etl_api.reopen_activity(activity_request_id);
  perform etl_api.retry_runs(array[id]);
  return 'The run will be sent to its source again.';
end
$$;

comment on function etl_api.retry_run(uuid, uuid) is
  'Retries a run; see retry. The caller holds the workflow lock.';

revoke execute on function etl_api.retry_run(uuid, uuid) from public;
