create or replace function etl_api.redeliver_workflow(id uuid, out message text, out delivery_ids uuid[])
language plpgsql
set search_path = ''
as $$
#variable_conflict use_variable
declare
  message_ids constant uuid[] := array(
    select d.delivery_id
    from etl_api.current_deliveries(array[redeliver_workflow.id]) as d);
  again record;
begin
  if message_ids = '{}' then
    perform etl_api.refuse_action('workflow_request', id, etl_api.state_of('workflow_request', id), 'delivered again',
      'Neither it nor any of its activities has a message so far.');
  end if;
  again := etl_api.redeliver_messages('workflow_request', id, message_ids);
  message := again.message;
  delivery_ids := again.delivery_ids;
end
$$;

comment on function etl_api.redeliver_workflow(uuid) is
  'Sends the latest messages of a workflow request and of its activities again; see redeliver. The caller holds the workflow lock.';

revoke execute on function etl_api.redeliver_workflow(uuid) from public;
