create or replace function etl_api.claim_deliveries(worker text, max_deliveries int)
returns table (
  delivery_id uuid, webhook_id text, org_id uuid, lease_token uuid, lease_until timestamptz, url text,
  secret_name text, secret_scope text, event_type text, body text, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  lease interval := etl_api.time_limit(null, 'lease_seconds');
  timeout interval := etl_api.time_limit(null, 'delivery_timeout_seconds');
begin
  perform etl_api.check_claim_arguments(worker, max_deliveries, 'max_deliveries');

  return query
  with claimed as (
    update public.delivery as d
    set state = 'in_progress',
        state_via = case when d.state = 'waiting' then '{ready}'::public.delivery_state[] end,
        state_substate = null,
        attempts = d.attempts + 1,
        lease_until = utils.now() + lease + timeout,
        lease_token = pg_catalog.gen_random_uuid(),
        worker = claim_deliveries.worker,
        claimed_at = utils.now()
    where d.id = any (array(
      select due.id
      from public.delivery as due
      where due.state in ('waiting', 'ready')
        and due.due_at <= utils.now()
      order by due.due_at
      limit max_deliveries
      for update skip locked))
    returning d.id, d.org_id, d.lease_token, d.lease_until, d.url, d.secret_name, d.event_type, d.attempts,
      coalesce(d.message_id, d.id) as message_id
  )
  select c.id, 'msg_' || pg_catalog.replace(c.message_id::text, '-', ''), c.org_id, c.lease_token, c.lease_until, c.url,
    c.secret_name, c.org_id::text, c.event_type, b.body::text, (pg_catalog.date_part('epoch', timeout) * 1000)::int, c.attempts
  from claimed as c
  join public.delivery_body as b
    on b.delivery_id = c.id
    and b.org_id = c.org_id;
end
$$;

comment on function etl_api.claim_deliveries(text, int) is
  'Claims messages to send, at most max_deliveries (1 to 1000), the longest due first, each with a lease. webhook_id stays the same over all attempts, also when the message is delivered again. Nothing to do: no row. ETL04: bad argument.';

revoke execute on function etl_api.claim_deliveries(text, int) from public;
grant execute on function etl_api.claim_deliveries(text, int) to service_role;
