create or replace function etl_api.cancel_delivery(id uuid, workflow_request_id uuid) returns text
language plpgsql
set search_path = ''
as $$
declare
  was text;
begin
  if etl_api.cancel_deliveries(array[id]) = 0 then
    select d.state into was from public.delivery as d where d.id = cancel_delivery.id;
    perform etl_api.refuse_action('delivery', id, was, 'cancelled', 'It has ended.');
  end if;
  perform etl_api.settle_deliveries(array[workflow_request_id]);
  return 'The message is cancelled; it may have been sent already when it was in progress.';
end
$$;

comment on function etl_api.cancel_delivery(uuid, uuid) is
  'Cancels a message; see cancel. The caller holds the workflow lock.';

revoke execute on function etl_api.cancel_delivery(uuid, uuid) from public;
