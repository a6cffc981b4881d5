create or replace function etl_api.confirm_held(delivery_ids uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  endpoint_ids constant uuid[] := array(
    select distinct d.endpoint_id
    from public.delivery as d
    where d.id = any (delivery_ids)
      and d.state = 'waiting'
      and d.endpoint_id is not null);
begin
  -- Whoever puts an endpoint to use at this moment did not see these messages: wait for the end of that, and look again.
  perform 1
  from public.webhook_endpoint as e
  where e.id = any (endpoint_ids)
  order by e.id
  for share;
  perform etl_api.release_messages(array[e.id], 10000)
  from public.webhook_endpoint as e
  where e.id = any (endpoint_ids)
    and e.disabled_at is null;
end
$$;

comment on function etl_api.confirm_held(uuid[]) is
  'Makes sure that messages that were made for a disabled endpoint do not wait when it was put to use in the same moment.';

revoke execute on function etl_api.confirm_held(uuid[]) from public;
grant execute on function etl_api.confirm_held(uuid[]) to service_role;
