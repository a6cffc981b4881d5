create or replace function etl_api.copy_messages(delivery_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  copy_ids uuid[] := utils.new_ids(pg_catalog.cardinality(delivery_ids));
begin
  insert into public.delivery
    (id, org_id, workflow_request_id, activity_request_id, alert_id, message_id, endpoint_id, lane, url, secret_name, event_type,
     state, state_via, due_at, created_at)
  select c.id, d.org_id, d.workflow_request_id, d.activity_request_id, d.alert_id, coalesce(d.message_id, d.id), d.endpoint_id,
    coalesce(d.endpoint_id, etl_api.lane_of(d.org_id, d.url)), coalesce(e.url, d.url), coalesce(e.secret_name, d.secret_name), d.event_type,
    'ready', '{new,valid}', utils.now(), utils.now()
  from unnest(copy_ids, delivery_ids) as c (id, delivery_id)
  join public.delivery as d on d.id = c.delivery_id
  left join public.webhook_endpoint as e
    on e.id = d.endpoint_id
    and e.org_id = d.org_id;

  -- The same body to the byte: its timestamp is when it was said, not when it is sent.
  insert into public.delivery_body (delivery_id, org_id, body)
  select c.id, b.org_id, b.body
  from unnest(copy_ids, delivery_ids) as c (id, delivery_id)
  join public.delivery_body as b on b.delivery_id = c.delivery_id;

  return copy_ids;
end
$$;

comment on function etl_api.copy_messages(uuid[]) is
  'Queues messages that were delivered once more, each as a new row whose message_id is the id of the first: the webhook-id stays. Returns the new ids. The caller holds the workflow lock.';

revoke execute on function etl_api.copy_messages(uuid[]) from public;
