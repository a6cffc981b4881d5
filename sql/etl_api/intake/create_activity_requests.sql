create or replace function etl_api.create_activity_requests(activities etl_api.requested_activity[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  default_limit constant interval := etl_api.time_limit('{}', 'activity_timeout_seconds');
  started_ids uuid[];
begin
  -- Those that wait for nobody are written as in progress at once: an update would be a second version of each row.
  -- They start when the edges are there as well.
  with edge as materialized (
    select e.org_id, e.from_id, e.to_id
    from etl_api.activity_edges(activities) as e
  ), later as materialized (
    select p.id
    from (
      select r.id, r.workflow_phase, pg_catalog.min(r.workflow_phase) over (partition by r.workflow_request_id) as first_phase
      from pg_catalog.unnest(activities) as r
      -- Mostly there is one phase only.
      where (select pg_catalog.min(a.workflow_phase) < pg_catalog.max(a.workflow_phase) from pg_catalog.unnest(activities) as a)
    ) as p
    where p.workflow_phase > p.first_phase
  ), created as (
    insert into public.activity_request
      (id, org_id, workflow_request_id, activity_id, activity_key, activity_type, result_role, object_type_id, workflow_phase,
       config, destination, max_objects, datapoint_ids, source_ids, on_failure,
       state, state_via, state_substate, created_at, started_at, timeout_at)
    select a.id, a.org_id, a.workflow_request_id, a.activity_id, a.activity_key, a.activity_type,
      (select etl_api.activity_types()) ->> a.activity_type, a.object_type_id, a.workflow_phase, a.config,
      nullif(a.body -> 'destination', 'null'), a.max_objects, a.datapoint_ids, a.source_ids,
      a.on_failure,
      case when a.waits_for is null then 'in_progress' else 'waiting' end::public.activity_request_state,
      case when a.waits_for is null then '{new,valid,ready}' else '{new,valid}' end::public.activity_request_state[],
      a.waits_for, moment,
      case when a.waits_for is null then moment end,
      case when a.waits_for is null then moment + case when a.config ? 'activity_timeout_seconds'
        then etl_api.time_limit(a.config, 'activity_timeout_seconds') else default_limit end end
    from (
      select r.*,
        case
          when r.id in (select l.id from later as l) then 'phase'
          when r.id in (select e.to_id from edge as e) then 'dependency'
        end as waits_for
      from pg_catalog.unnest(activities) as r
    ) as a
    returning id, state
  ), joined as (
    insert into public.activity_dependency (org_id, activity_request_id, depends_on_id)
    select e.org_id, e.to_id, e.from_id
    from edge as e
  )
  select pg_catalog.array_agg(c.id order by c.id) into started_ids
  from created as c
  where c.state = 'in_progress';
  if exists (select 1 from pg_catalog.unnest(activities) as a where a.body #> '{destination,table,id}' is not null) then
    perform etl_api.create_table_jobs(activities);
  end if;
  if started_ids is not null then
    perform etl_api.start_activity_requests(started_ids);
  end if;
end
$$;

comment on function etl_api.create_activity_requests(etl_api.requested_activity[]) is
  'Creates the activity requests of accepted requests and the edges between them. Those of the lowest phase that wait for nobody start.';

revoke execute on function etl_api.create_activity_requests(etl_api.requested_activity[]) from public;
grant execute on function etl_api.create_activity_requests(etl_api.requested_activity[]) to service_role;
