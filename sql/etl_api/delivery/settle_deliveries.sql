create or replace function etl_api.settle_deliveries(workflow_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  ended record;
begin
  -- The messages of a workflow are its own and those of its activities. While some are on their way and none has failed,
  -- nothing changes.
  select
    pg_catalog.array_agg(m.activity_request_id) filter (where m.activity_request_id is not null) as activity_ids,
    pg_catalog.array_agg(m.failed) filter (where m.activity_request_id is not null) as activities_failed,
    pg_catalog.array_agg(m.workflow_request_id) filter (where m.workflow_request_id is not null) as workflow_ids,
    pg_catalog.array_agg(m.failed) filter (where m.workflow_request_id is not null) as workflows_failed
  into ended
  from (
    select d.activity_request_id, d.workflow_request_id, pg_catalog.bool_or(d.state = 'failed') as failed
    from etl_api.current_deliveries(workflow_request_ids) as d
    group by grouping sets ((d.activity_request_id), (d.workflow_request_id))
    having pg_catalog.bool_or(d.state = 'failed') or pg_catalog.bool_and(d.state = 'delivered')
  ) as m;
  if ended.activity_ids is null and ended.workflow_ids is null then
    return;
  end if;

  -- An activity is delivered when all its messages are; one that failed for good stands in its substate.
  -- The limit tells the planner of few rows, so that it looks each up by its key.
  update public.activity_request as ar
  set state = case when m.failed then ar.state else 'delivered' end,
      state_via = null,
      state_substate = case when m.failed then 'delivery_failed'
        when ar.state_substate = 'delivery_failed' then etl_api.substate_when_done(ar.id)
        else ar.state_substate end
  from (
    select *
    from unnest(ended.activity_ids, ended.activities_failed) as t (id, failed)
    limit pg_catalog.cardinality(ended.activity_ids)
  ) as m
  where ar.id = m.id
    and ar.state = 'done'
    and (not m.failed or ar.state_substate is distinct from 'delivery_failed');

  -- A workflow is delivered when it is done and every message of it and of its activities is.
  update public.workflow_request as w
  set state = case when m.failed then w.state else 'delivered' end,
      state_via = null,
      state_substate = case when m.failed then 'delivery_failed'
        when w.state_substate = 'delivery_failed' then etl_api.substate_when_done(w.id)
        else w.state_substate end
  from (
    select *
    from unnest(ended.workflow_ids, ended.workflows_failed) as t (id, failed)
    limit pg_catalog.cardinality(ended.workflow_ids)
  ) as m
  where w.id = m.id
    and w.replay = 0
    and w.state = 'done'
    and (not m.failed or w.state_substate is distinct from 'delivery_failed');
end
$$;

comment on function etl_api.settle_deliveries(uuid[]) is
  'Marks activity requests and workflow requests delivered when all their messages are, or notes that one failed for good. The caller holds the workflow locks.';

revoke execute on function etl_api.settle_deliveries(uuid[]) from public;
grant execute on function etl_api.settle_deliveries(uuid[]) to service_role;
