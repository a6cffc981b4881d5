create or replace function etl_api.settle_deliveries(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- An activity is delivered when all its messages are; one that failed for good stands in its substate.
  update public.activity_request as ar
  set state = case when m.delivered = m.count then 'delivered' else ar.state end,
      state_via = null,
      state_substate = case when m.failed > 0 then 'delivery_failed'
        when ar.state_substate = 'delivery_failed' then etl_api.substate_when_done(ar.id)
        else ar.state_substate end
  from (
    select d.activity_request_id,
      pg_catalog.count(*) as count,
      pg_catalog.count(*) filter (where d.state = 'delivered') as delivered,
      pg_catalog.count(*) filter (where d.state = 'failed') as failed
    from etl_api.current_deliveries(workflow_request_ids) as d
    where d.activity_request_id is not null
    group by d.activity_request_id
  ) as m
  where ar.id = m.activity_request_id
    and ar.state = 'done'
    and (m.delivered = m.count or (m.failed > 0 and ar.state_substate is distinct from 'delivery_failed'));

  -- A workflow is delivered when it is done and every message of it and of its activities is.
  update public.workflow_request as w
  set state = case when m.delivered = m.count then 'delivered' else w.state end,
      state_via = null,
      state_substate = case when m.failed > 0 then 'delivery_failed'
        when w.state_substate = 'delivery_failed' then etl_api.substate_when_done(w.id)
        else w.state_substate end
  from (
    select d.workflow_request_id,
      pg_catalog.count(*) as count,
      pg_catalog.count(*) filter (where d.state = 'delivered') as delivered,
      pg_catalog.count(*) filter (where d.state = 'failed') as failed
    from etl_api.current_deliveries(workflow_request_ids) as d
    group by d.workflow_request_id
  ) as m
  where w.id = m.workflow_request_id
    and w.replay = 0
    and w.state = 'done'
    and (m.delivered = m.count or (m.failed > 0 and w.state_substate is distinct from 'delivery_failed'));
end
$$;

comment on function etl_api.settle_deliveries(uuid[]) is
  'Marks activity requests and workflow requests delivered when all their messages are, or notes that one failed for good. The caller holds the workflow locks.';

revoke execute on function etl_api.settle_deliveries(uuid[]) from public;
grant execute on function etl_api.settle_deliveries(uuid[]) to service_role;
