create or replace function etl_api.send_test_event(endpoint_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  target constant public.webhook_endpoint := etl_api.find_own_endpoint(endpoint_id);
  sent_id uuid;
begin
  perform etl_api.queue_messages(array[target.org_id], array[null::uuid], array[null::uuid],
    array[pg_catalog.jsonb_build_object('endpoint', target.id)], array['endpoint.test'],
    array[pg_catalog.jsonb_build_object(
      'org_id', target.org_id,
      'endpoint_id', target.id,
      'message', 'This is a test of the endpoint; nothing has happened.')]);
  select d.id into sent_id
  from public.delivery as d
  where d.endpoint_id = target.id
    and d.created_at = utils.now()
    and d.event_type = 'endpoint.test'
  order by d.id desc
  limit 1;
  return pg_catalog.jsonb_build_object(
    'delivery_id', sent_id,
    'webhook_id', 'msg_' || pg_catalog.replace(sent_id::text, '-', ''),
    'message', 'The test event is sent at once; etl_api.explain(delivery_id) tells what came of it.');
end
$$;

comment on function etl_api.send_test_event(uuid) is
  'Sends an event endpoint.test to an endpoint, whatever events it wants: signed, repeated and shown like any message. Returns {delivery_id, webhook_id, message}. ETL04: no such endpoint; ETL05: it is disabled; ETL06: the caller only reads.';

revoke execute on function etl_api.send_test_event(uuid) from public;
grant execute on function etl_api.send_test_event(uuid) to authenticated, service_role;
