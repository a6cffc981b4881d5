create or replace function etl_api.cancel_deliveries(delivery_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  ended int;
begin
  update public.delivery as d
  set state = 'failed',
      state_via = null,
      state_substate = 'cancelled',
      error = '{"code": "cancelled", "message": "The message was cancelled."}',
      lease_until = null,
      lease_token = null,
      finished_at = utils.now()
  where d.id = any (delivery_ids)
    and d.state in ('new', 'valid', 'waiting', 'ready', 'in_progress');
  get diagnostics ended = row_count;
  return ended;
end
$$;

comment on function etl_api.cancel_deliveries(uuid[]) is
  'Ends those of these messages that are still to be sent as failed / cancelled. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.cancel_deliveries(uuid[]) from public;
