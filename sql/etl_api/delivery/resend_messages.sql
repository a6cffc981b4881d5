create or replace function etl_api.resend_messages(delivery_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  sent_ids uuid[];
begin
  -- What has ended has its attempts counted anew; what waits for its next one only goes earlier.
  with sent as (
    update public.delivery as d
    set state = 'ready',
        state_via = null,
        state_substate = null,
        attempts = case when d.state in ('waiting', 'ready') then d.attempts else 0 end,
        error = case when d.state in ('waiting', 'ready') then d.error end,
        response = case when d.state in ('waiting', 'ready') then d.response end,
        lane = coalesce(d.endpoint_id, etl_api.lane_of(d.org_id, d.url)),
        url = coalesce(e.url, d.url),
        secret_name = coalesce(e.secret_name, d.secret_name),
        due_at = utils.now(),
        finished_at = null
    from public.delivery as now
    left join public.webhook_endpoint as e
      on e.id = now.endpoint_id
      and e.org_id = now.org_id
    where now.id = d.id
      and d.id = any (delivery_ids)
      and d.state in ('failed', 'timedout', 'invalid', 'waiting', 'ready')
    returning d.id
  )
  select pg_catalog.array_agg(sent.id order by sent.id) into sent_ids
  from sent;
  return sent_ids;
end
$$;

comment on function etl_api.resend_messages(uuid[]) is
  'Makes messages that failed or wait ready to be sent at once, to the present address of their endpoint. Returns their ids. The caller holds the workflow lock.';

revoke execute on function etl_api.resend_messages(uuid[]) from public;
