create or replace function etl_api.take_due_runs(source_ids uuid[], capacities int[], max_requests int)
returns table (run_id uuid, item int, source_id uuid, activity_request_id uuid, due_at timestamptz)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  -- In the order of the index, where the runs of one activity lie side by side and fill one request. Looking further
  -- than 2,000 rows ahead for a fuller request would lock rows that another claim could take.
  with due as (
    select q.id, q.source_id, q.activity_request_id, q.due_at,
      (pg_catalog.row_number() over (
        partition by q.source_id, q.activity_request_id
        order by q.due_at, q.id) - 1) / c.max_objects_per_request as chunk
    from (
      select t.source_id, t.capacity, s.max_objects_per_request
      from unnest(source_ids, capacities) as t (source_id, capacity)
      join public.source as s on s.id = t.source_id
      where t.capacity > 0
    ) as c
    cross join lateral (
      select q.id, q.source_id, q.activity_request_id, q.due_at
      from public.run_queue as q
      where q.source_id = c.source_id
        and q.state in ('waiting', 'ready')
        and q.due_at <= utils.now()
      order by q.due_at, q.activity_request_id
      limit least(c.capacity * c.max_objects_per_request, greatest(c.capacity, 2000))
      for update skip locked
    ) as q
  ),
  numbered as (
    select dated.*,
      pg_catalog.dense_rank() over (
        partition by dated.source_id
        order by dated.first_due_at, dated.activity_request_id, dated.chunk) as place
    from (
      select due.*,
        pg_catalog.min(due.due_at) over (partition by due.source_id, due.activity_request_id) as first_due_at
      from due
    ) as dated
  ),
  taken as (
    select n.*, pg_catalog.dense_rank() over (order by n.place, n.source_id)::int as item
    from numbered as n
    join unnest(source_ids, capacities) as t (source_id, capacity)
      on t.source_id = n.source_id
      and n.place <= t.capacity
  )
  select taken.id, taken.item, taken.source_id, taken.activity_request_id, taken.due_at
  from taken
  where taken.item <= max_requests;
end
$$;

comment on function etl_api.take_due_runs(uuid[], int[], int) is
  'Locks runs that are due, the longest due first, and groups them into HTTP requests: item numbers the requests from 1, at most max_requests, at most capacities[i] of source_ids[i], each with runs of one activity and at most max_objects_per_request of them.';

revoke execute on function etl_api.take_due_runs(uuid[], int[], int) from public;
grant execute on function etl_api.take_due_runs(uuid[], int[], int) to service_role;
