create or replace function etl_api.check_counters(of_org uuid default null)
returns table (entity text, id uuid, org_id uuid, problem text)
language sql stable
set search_path = ''
as $$
  select 'org', o.id, o.id, c.problem
  from public.org as o
  cross join lateral (
    select coalesce(pg_catalog.sum(d.requests), 0) as requests,
      coalesce(pg_catalog.sum(d.runs), 0) as runs,
      coalesce(pg_catalog.sum(d.objects), 0) as objects
    from etl_api.org_count_delta as d
    where d.org_id = o.id
  ) as note
  cross join lateral (
    select
      (select pg_catalog.count(*) from public.activity_request as a where a.org_id = o.id) as requests,
      (select pg_catalog.count(*) from public.run_queue as q where q.org_id = o.id and q.run_request_id is not null) as runs,
      (select pg_catalog.count(*) from public.object as b where b.org_id = o.id) as objects,
      (select pg_catalog.count(*) from public.datapoint as d where d.org_id = o.id)
        + (select pg_catalog.count(*) from public.datapoint as d where d.org_id is null) as datapoints,
      exists (
        select 1
        from etl_api.org_count_delta as d
        where d.recount_datapoints
          and (d.org_id = o.id or d.org_id is null)) as to_count
  ) as direct
  cross join lateral (
    -- Requests and runs that were deleted were made nevertheless, so there may be fewer rows than were counted.
    select pg_catalog.format('its request_count is %s, but it has %s activity requests', o.request_count + note.requests,
      direct.requests) as problem
    where o.request_count + note.requests < direct.requests
    union all
    select pg_catalog.format('its run_count is %s, but it has %s runs that were sent', o.run_count + note.runs, direct.runs)
    where o.run_count + note.runs < direct.runs
    union all
    select pg_catalog.format('its object_count is %s, but it has %s objects', o.object_count + note.objects, direct.objects)
    where o.object_count + note.objects <> direct.objects
    union all
    select pg_catalog.format('its datapoint_count is %s, but there are %s datapoints for it', o.datapoint_count, direct.datapoints)
    where o.datapoint_count <> direct.datapoints
      and not direct.to_count
  ) as c
  where check_counters.of_org is null
    or o.id = check_counters.of_org
$$;

comment on function etl_api.check_counters(uuid) is
  'Counters of orgs (null: all) that differ from what is stored, what is still to be added included. It reads everything: etl_api.check_consistency calls it; etl_api.recount_org sets right.';

revoke execute on function etl_api.check_counters(uuid) from public;
grant execute on function etl_api.check_counters(uuid) to service_role;
