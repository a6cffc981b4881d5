create or replace function etl_api.cancel_activity(id uuid, workflow_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  state text := (select a.state from public.activity_request as a where a.id = cancel_activity.id);
begin
  if state not in ('new', 'valid', 'waiting', 'ready', 'in_progress') then
    perform etl_api.refuse_action('activity_request', id, state, 'cancelled',
      'It has ended. A message that is still to be sent can be cancelled by its own id.');
  end if;
  perform etl_api.end_activities(array[id], 'failed', 'cancelled', 'The activity was cancelled.');
  perform etl_api.advance_workflows(array[workflow_request_id]);
  return 'The activity and its runs are cancelled; the rest of its request goes on.';
end
$$;

comment on function etl_api.cancel_activity(uuid, uuid) is
  'Cancels an activity request; see cancel. The caller holds the workflow lock.';

revoke execute on function etl_api.cancel_activity(uuid, uuid) from public;
