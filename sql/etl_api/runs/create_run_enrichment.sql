create or replace function etl_api.create_run_enrichment(activity_request_ids uuid[], object_ids uuid[] default null)
returns int
language plpgsql
set search_path = ''
as $$
declare
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

  -- No run is made twice, since a source is asked once about each object (next_sources) and each pair is there once: with
  -- "on conflict" every row would be looked up in the index and confirmed in the WAL besides.
  -- Whom to ask next is one question for all objects that miss the same and have been asked about in the same way.
  with question as materialized (
    select m.org_id, m.source_ids, m.datapoint_ids, run.asked_ids, run.coming_ids,
      pg_catalog.array_agg(m.workflow_request_id) as workflow_ids,
      pg_catalog.array_agg(m.activity_request_id) as activity_ids,
      pg_catalog.array_agg(m.object_id) as object_ids
    from etl_api.missing_datapoints(activity_request_ids, object_ids) as m
    cross join lateral (
      -- All the runs of the object, by the unique key: the index of the open ones would lead through the whole activity.
      select asked.source_ids as asked_ids,
        case when asked.source_ids = '{}' then '{}'
          else array(
            select d.id
            from public.run_queue as q
            cross join lateral unnest(
              case when q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress') then q.datapoint_ids end) as d (id)
            where q.activity_request_id = m.activity_request_id
              and q.object_id = m.object_id) end as coming_ids
      from (
        select array(
          select q.source_id
          from public.run_queue as q
          where q.activity_request_id = m.activity_request_id
            and q.object_id = m.object_id) as source_ids
        offset 0
      ) as asked
    ) as run
    group by m.org_id, m.source_ids, m.datapoint_ids, run.asked_ids, run.coming_ids
  ), next as materialized (
    select q.*, n.source_id, n.missing_ids
    from question as q
    cross join lateral etl_api.next_sources(q.source_ids, q.datapoint_ids, q.asked_ids, q.coming_ids) as n
  )
  insert into public.run_queue
    (id, org_id, workflow_request_id, activity_request_id, source_id, object_id, datapoint_ids, priority,
     state, state_via, state_substate, due_at, created_at)
  select t.id, n.org_id, t.workflow_id, t.activity_id, n.source_id, t.object_id, n.missing_ids, w.priority,
    'waiting', '{new,valid}', 'allocation', moment, moment
  from next as n
  cross join lateral unnest(
    utils.new_ids(pg_catalog.cardinality(n.object_ids)), n.workflow_ids, n.activity_ids, n.object_ids)
    as t (id, workflow_id, activity_id, object_id)
  cross join lateral (
    select r.priority
    from public.workflow_request as r
    where r.id = t.workflow_id
      and r.org_id = n.org_id
      and r.replay = 0
    offset 0
  ) as w;
  get diagnostics created = row_count;
  return created;
end
$$;

comment on function etl_api.create_run_enrichment(uuid[], uuid[]) is
  'Creates the runs of enrichment: for each pair of activity request and object (without object_ids: for every input object of the activity requests) one per source that is to be asked next, the waterfall; none for an object that a guardrail refused. Returns how many.';

revoke execute on function etl_api.create_run_enrichment(uuid[], uuid[]) from public;
grant execute on function etl_api.create_run_enrichment(uuid[], uuid[]) to service_role;
