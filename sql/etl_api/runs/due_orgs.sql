create or replace function etl_api.due_orgs(source_ids uuid[], behind uuid[], capacities int[], max_requests int)
returns table (source_id uuid, org_id uuid, may_run boolean, capacity int)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  deleted constant uuid[] := etl_api.deleted_orgs();
begin
  return query
  -- At each source from tenant to tenant by index probes, once round, however much each has waiting; at all sources
  -- together, a step at each before the next. offset 0 keeps the planner from copying a probe to every place that names
  -- its result; the order of the index of due work, from reading all of another index. Without `behind` the way begins at
  -- the end, so that its first step leads to the first tenant.
  with recursive way as (
    select coalesce(s.behind, 'ffffffff-ffff-ffff-ffff-ffffffffffff') as id, false as round, false as may_run,
      false as is_due, 0 as found, s.source_id, s.behind, s.capacity,
      -- No more tenants than could be served, were the other sources to leave half; but a second one, if there is.
      greatest(2, least(s.capacity, 2 * max_requests / pg_catalog.cardinality(source_ids))) as max_orgs,
      (select known.cost_per_run from public.source as known where known.id = s.source_id) as cost
    from (
      -- In no order: where there are more sources than requests are wanted, none is always the last.
      select t.*
      from unnest(source_ids, due_orgs.behind, capacities) as t (source_id, behind, capacity)
      order by pg_catalog.random()
    ) as s
    union all
    select next.id, next.round, work.may_run, work.may_run or work.goes_on,
      way.found + (work.may_run or work.goes_on)::int, way.source_id, way.behind, way.capacity, way.max_orgs, way.cost
    from way
    cross join lateral (
      select least(
        (select q.org_id from public.run_queue as q
         where q.source_id = way.source_id and q.state in ('waiting', 'ready') and q.org_id > way.id
         order by q.org_id limit 1),
        (select r.org_id from public.run_request as r
         where r.source_id = way.source_id and r.state in ('waiting', 'ready') and r.org_id > way.id
         order by r.org_id limit 1)) as id
      offset 0
    ) as ahead
    cross join lateral (
      select coalesce(ahead.id, case when not way.round then least(
          (select q.org_id from public.run_queue as q
           where q.source_id = way.source_id and q.state in ('waiting', 'ready')
           order by q.org_id limit 1),
          (select r.org_id from public.run_request as r
           where r.source_id = way.source_id and r.state in ('waiting', 'ready')
           order by r.org_id limit 1)) end) as id,
        way.round or ahead.id is null as round
      offset 0
    ) as next
    cross join lateral (
      select
        coalesce((
          select true from public.run_request as r
          where r.source_id = way.source_id and r.org_id = next.id and r.state in ('waiting', 'ready')
            and r.due_at <= moment
          order by r.due_at limit 1), false) and next.id <> all (deleted) as goes_on,
        coalesce((
          select true from public.run_queue as q
          where q.source_id = way.source_id and q.org_id = next.id and q.state in ('waiting', 'ready')
            and q.due_at <= moment
          order by q.priority desc, q.due_at limit 1), false)
          and next.id <> all (deleted)
          and case when way.cost > 0 then not etl_api.is_over_budget(next.id, way.cost) else true end as may_run
      offset 0
    ) as work
    where way.found < way.max_orgs
      and next.id is not null
      and (not next.round or way.behind is null or next.id <= way.behind)
  )
  select way.source_id, way.id, way.may_run, way.capacity
  from way
  where way.is_due;
end
$$;

comment on function etl_api.due_orgs(uuid[], uuid[], int[], int) is
  'The tenants, not deleted, that these sources could serve now with max_requests HTTP requests, each in order from the one behind `behind` once round (null: from the first): those with HTTP requests that are due, and those with due runs (may_run) whose budget of the month allows one more.';

revoke execute on function etl_api.due_orgs(uuid[], uuid[], int[], int) from public;
grant execute on function etl_api.due_orgs(uuid[], uuid[], int[], int) to service_role;
