create or replace function etl_api.create_run_enrichment(activity_request_ids uuid[], object_ids uuid[] default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
  guarded constant boolean := etl_api.has_factors(activity_request_ids, true);
  moment constant timestamptz := utils.now();
  created int;
begin
  -- offset 0 keeps look-ups by key from becoming joins, whatever the planner thinks of the size of a table.
  if object_ids is null then
    select pg_catalog.array_agg(i.id), pg_catalog.array_agg(ao.object_id)
    into activity_request_ids, object_ids
    from unnest(activity_request_ids) as i (id)
    cross join lateral (
      select r.object_id
      from public.activity_object as r
      where r.activity_request_id = i.id
        and r.role = 'input'
      offset 0
    ) as ao;
  end if;

  -- The waterfall: for each missing datapoint the first source not yet asked about that object. A source is
  -- asked once per object and activity, for everything missing that it offers, so the sources asked for one
  -- datapoint are never asked again for another. What an open run may still bring is asked of nobody else for its
  -- own sake.
  with missing as materialized (
    select m.activity_request_id, m.object_id, pg_catalog.array_agg(m.datapoint_id) as datapoint_ids
    from etl_api.missing_datapoints(activity_request_ids, object_ids) as m
    where not (guarded and exists (
      select 1
      from public.guardrail_refusal as refused
      where refused.activity_request_id = m.activity_request_id
        and refused.object_id = m.object_id
        and refused.stage = 'before_run'
      offset 0))
    group by m.activity_request_id, m.object_id
  ),
  offer as (
    select m.activity_request_id, m.object_id, ar.org_id, ar.workflow_request_id, ds.datapoint_id, ds.source_id,
      pg_catalog.row_number() over (
        partition by m.activity_request_id, m.object_id, ds.datapoint_id
        order by ds.priority, pg_catalog.array_position(ar.source_ids, ds.source_id)) as place,
      ds.datapoint_id = any (asked.coming_ids) as may_come
    from missing as m
    cross join lateral (
      select r.org_id, r.workflow_request_id, r.source_ids
      from public.activity_request as r
      where r.id = m.activity_request_id
      offset 0
    ) as ar
    cross join lateral (
      -- All the runs of the object, by the unique key: the index of the open ones would lead through the whole activity.
      select coalesce(pg_catalog.array_agg(q.source_id), '{}') as source_ids,
        coalesce(pg_catalog.array_agg(d.id)
          filter (where q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')), '{}') as coming_ids
      from public.run_queue as q
      left join lateral unnest(q.datapoint_ids) as d (id) on true
      where q.activity_request_id = m.activity_request_id
        and q.object_id = m.object_id
    ) as asked
    cross join lateral (
      select r.datapoint_id, r.source_id, r.priority
      from public.datapoint_source as r
      where r.datapoint_id = any (m.datapoint_ids)
        and r.source_id = any (ar.source_ids)
        and r.source_id <> all (asked.source_ids)
      offset 0
    ) as ds
  ),
  next as materialized (
    select o.activity_request_id, o.object_id, o.source_id, o.org_id, o.workflow_request_id,
      pg_catalog.array_agg(o.datapoint_id order by o.datapoint_id) as datapoint_ids
    from offer as o
    group by o.activity_request_id, o.object_id, o.source_id, o.org_id, o.workflow_request_id
    having pg_catalog.bool_or(o.place = 1 and not o.may_come)
  )
  insert into public.run_queue
    (org_id, workflow_request_id, activity_request_id, source_id, object_id, datapoint_ids, priority,
     state, state_via, state_substate, due_at, created_at)
  select n.org_id, n.workflow_request_id, n.activity_request_id, n.source_id, n.object_id, n.datapoint_ids, w.priority,
    'waiting', '{new,valid}', 'allocation', moment, moment
  from next as n
  cross join lateral (
    select r.priority
    from public.workflow_request as r
    where r.id = n.workflow_request_id
      and r.org_id = n.org_id
      and r.replay = 0
    offset 0
  ) as w
  on conflict do nothing;
  get diagnostics created = row_count;
  return created;
end
$$;

comment on function etl_api.create_run_enrichment(uuid[], uuid[]) is
  'Creates the runs of enrichment: for each pair of activity request and object (without object_ids: for every input object of the activity requests) one per source that is to be asked next, the waterfall; none for an object that a guardrail refused. Returns how many.';

revoke execute on function etl_api.create_run_enrichment(uuid[], uuid[]) from public;
grant execute on function etl_api.create_run_enrichment(uuid[], uuid[]) to service_role;
