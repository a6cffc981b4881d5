create or replace function etl_api.lease_deliveries(worker text, delivery_ids uuid[])
returns table (
  delivery_id uuid, webhook_id text, org_id uuid, lease_token uuid, lease_until timestamptz, url text,
  secret_name text, secret_scope text, event_type text, headers jsonb, body text, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  lease interval := etl_api.time_limit(null, 'lease_seconds');
  timeout interval := etl_api.time_limit(null, 'delivery_timeout_seconds');
  max_bytes constant bigint := coalesce(utils.number_or(etl_api.setting_value('max_message_bytes'), null), 10000000);
begin
  return query
  with claimed as (
    update public.delivery as d
    set state = 'in_progress',
        state_via = case when d.state = 'waiting' then '{ready}'::public.delivery_state[] end,
        state_substate = null,
        attempts = d.attempts + 1,
        lease_until = moment + lease + timeout,
        lease_token = pg_catalog.gen_random_uuid(),
        worker = lease_deliveries.worker,
        claimed_at = moment
    where d.id = any (delivery_ids)
    returning d.id, d.org_id, d.lease_token, d.lease_until, d.url, d.secret_name, d.event_type, d.attempts,
      coalesce(d.message_id, d.id) as message_id, d.endpoint_id
  )
  select c.id, 'msg_' || pg_catalog.replace(c.message_id::text, '-', ''), c.org_id, c.lease_token, c.lease_until, c.url,
    c.secret_name, c.org_id::text, c.event_type, e.headers,
    case when pg_catalog.octet_length(t.body) <= max_bytes then t.body
      else etl_api.refuse_large_message(pg_catalog.octet_length(t.body), max_bytes) end,
    (pg_catalog.date_part('epoch', timeout) * 1000)::int, c.attempts
  from claimed as c
  join public.delivery_body as b
    on b.delivery_id = c.id
    and b.org_id = c.org_id
  cross join lateral (select b.body::text as body offset 0) as t
  left join lateral (
    select known.headers
    from public.webhook_endpoint as known
    where known.id = c.endpoint_id
      and known.org_id = c.org_id
    offset 0
  ) as e on c.endpoint_id is not null;
end
$$;

comment on function etl_api.lease_deliveries(text, uuid[]) is
  'Gives messages that are due to a worker, each with a lease, and returns all it takes to send them; see claim_deliveries. The caller holds their rows.';

revoke execute on function etl_api.lease_deliveries(text, uuid[]) from public;
grant execute on function etl_api.lease_deliveries(text, uuid[]) to service_role;
