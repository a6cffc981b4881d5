create or replace function etl_api.recover_deliveries(delivery_ids uuid[], out again int, out given_up int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  -- One attempt at once, then one after each time of the schedule.
  max_attempts constant int := 1 + pg_catalog.jsonb_array_length(
    coalesce(etl_api.setting_value('delivery_schedule_seconds'), '[]'));
  workflow_ids uuid[];
begin
  with taken as (
    update public.delivery as d
    set state = case when d.attempts < max_attempts then 'ready' else 'failed' end::public.delivery_state,
        state_via = null,
        state_substate = case when d.attempts < max_attempts then 'lease_expired' else 'attempts_exhausted' end,
        error = case when d.attempts < max_attempts then d.error else pg_catalog.jsonb_build_object(
          'code', 'attempts_exhausted',
          'message', 'Its last attempt was claimed, but nothing was heard of it before its lease ended.') end,
        due_at = utils.now(),
        lease_until = null,
        lease_token = null,
        finished_at = case when d.attempts < max_attempts then null else utils.now() end
    where d.id = any (delivery_ids)
      and d.state = 'in_progress'
      and d.lease_until <= utils.now()
    returning d.state, d.workflow_request_id
  )
  select pg_catalog.count(*) filter (where t.state = 'ready'),
    pg_catalog.count(*) filter (where t.state = 'failed'),
    pg_catalog.array_agg(distinct t.workflow_request_id) filter (where t.state = 'failed')
  into again, given_up, workflow_ids
  from taken as t;
  if given_up > 0 then
    perform etl_api.settle_deliveries(workflow_ids);
  end if;
end
$$;

comment on function etl_api.recover_deliveries(uuid[]) is
  'Takes back those of these messages whose lease has ended: ready again while attempts are left, else failed. The caller holds the workflow locks.';

revoke execute on function etl_api.recover_deliveries(uuid[]) from public;
grant execute on function etl_api.recover_deliveries(uuid[]) to service_role;
