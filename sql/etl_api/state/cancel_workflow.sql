create or replace function etl_api.cancel_workflow(id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  state text := (select w.state from public.workflow_request as w where w.id = cancel_workflow.id and w.replay = 0);
begin
  if state not in ('new', 'valid', 'waiting', 'ready', 'in_progress') then
    perform etl_api.refuse_action('workflow_request', id, state, 'cancelled',
      'It has ended. A message that is still to be sent can be cancelled by its own id.');
  end if;
  -- Messages first: those that tell of the cancelling are queued after it.
  perform etl_api.cancel_deliveries(array(
    select d.id
    from public.delivery as d
    where d.workflow_request_id = cancel_workflow.id));
  perform etl_api.end_whole_workflows(array[id], 'failed', 'cancelled', 'The request was cancelled.');
  perform etl_api.settle_deliveries(array[id]);
  return 'The request and all of it that had not ended is cancelled.';
end
$$;

comment on function etl_api.cancel_workflow(uuid) is
  'Cancels a workflow request; see cancel. The caller holds the workflow lock.';

revoke execute on function etl_api.cancel_workflow(uuid) from public;
