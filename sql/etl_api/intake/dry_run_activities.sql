create or replace function etl_api.dry_run_activities(workflow_request_id uuid) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  return (
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'activity_key', ar.activity_key,
      'activity_type', ar.activity_type,
      'phase', ar.workflow_phase,
      'state', ar.state,
      'substate', ar.state_substate,
      'waits_for', case when ar.state = 'waiting' then etl_api.activities_waited_for(ar.id) else '{}' end,
      'objects', (
        select pg_catalog.count(*)
        from public.activity_object as ao
        where ao.activity_request_id = ar.id
          and ao.role = 'input'),
      'runs', asked.runs,
      'requests', asked.requests,
      'cost', asked.cost,
      'errors', ar.errors) order by ar.workflow_phase, ar.activity_key)
    from public.activity_request as ar
    cross join lateral (
      select coalesce(pg_catalog.sum(per.runs), 0) as runs,
        coalesce(pg_catalog.sum(per.requests), 0) as requests,
        coalesce(pg_catalog.sum(per.requests * per.cost_per_run), 0) as cost
      from (
        select pg_catalog.count(*) as runs,
          pg_catalog.ceil(pg_catalog.count(*)::numeric / s.max_objects_per_request)::bigint as requests,
          s.cost_per_run
        from public.run_queue as q
        join public.source as s on s.id = q.source_id
        where q.activity_request_id = ar.id
          and q.state in ('waiting', 'ready')
        group by s.id
      ) as per
    ) as asked
    where ar.workflow_request_id = dry_run_activities.workflow_request_id);
end
$$;

comment on function etl_api.dry_run_activities(uuid) is
  'The activities of a workflow request as they stand, with the HTTP requests that wait to be made for them and their cost; see dry_run.';

revoke execute on function etl_api.dry_run_activities(uuid) from public;
