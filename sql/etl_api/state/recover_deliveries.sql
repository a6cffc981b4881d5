create or replace function etl_api.recover_deliveries(delivery_ids uuid[], out again int, out given_up int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  workflow_ids uuid[];
begin
  with ended as materialized (
    -- One attempt at once, then one after each time of the schedule.
    select d.id, d.attempts <= pg_catalog.jsonb_array_length(etl_api.delivery_schedule(d.endpoint_id, d.org_id)) as left_over
    from public.delivery as d
    where d.id = any (delivery_ids)
  ), taken as (
    -- It keeps its time, so that where messages go in order it goes before the others.
    update public.delivery as d
    set state = case when e.left_over then 'ready' else 'failed' end::public.delivery_state,
        state_via = null,
        state_substate = case when e.left_over then 'lease_expired' else 'attempts_exhausted' end,
        error = case when e.left_over then d.error else pg_catalog.jsonb_build_object(
          'code', 'attempts_exhausted',
          'message', 'Its last attempt was claimed, but nothing was heard of it before its lease ended.') end,
        lease_until = null,
        lease_token = null,
        finished_at = case when not e.left_over then utils.now() end
    from ended as e
    where d.id = e.id
      and d.state = 'in_progress'
      and d.lease_until <= utils.now()
    returning d.id, d.org_id, d.attempts, d.state, d.workflow_request_id
  ), kept as (
    insert into public.delivery_attempt (delivery_id, org_id, attempt, at, code, message)
    select t.id, t.org_id, t.attempts, utils.now(), 'lease_expired',
      'Nothing was heard of it before its lease ended; it may have been sent.'
    from taken as t
    order by t.id
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
