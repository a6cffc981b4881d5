create or replace function etl_api.take_due_runs(
  source_ids uuid[], org_ids uuid[], turns int[], out run_ids uuid[], out run_items int[])
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
begin
  -- One run alone, as on an idle system, needs no place in a row. What is found here stays held.
  if pg_catalog.cardinality(source_ids) = 1 and turns[1] > 0 then
    run_ids := array(
      select q.id
      from public.run_queue as q
      where q.source_id = source_ids[1]
        and q.org_id = org_ids[1]
        and q.state in ('waiting', 'ready')
        and q.due_at <= moment
      order by q.priority desc, q.due_at, q.activity_request_id
      limit 2
      for update skip locked);
    if pg_catalog.cardinality(run_ids) < 2 then
      run_items := case when run_ids <> '{}' then array[1] end;
      run_ids := nullif(run_ids, '{}');
      return;
    end if;
  end if;

  -- In the order of the index, where the runs of one activity lie side by side and fill one request.
  with due as (
    select q.id, q.activity_request_id, q.priority, q.due_at, c.turns, c.i,
      (pg_catalog.row_number() over (
        partition by c.i, q.activity_request_id
        order by q.priority desc, q.due_at, q.id) - 1) / c.max_objects_per_request as chunk
    from (
      select t.source_id, t.org_id, t.turns, t.i, s.max_objects_per_request
      from unnest(source_ids, org_ids, take_due_runs.turns) with ordinality as t (source_id, org_id, turns, i)
      join public.source as s on s.id = t.source_id
      where t.turns > 0
    ) as c
    cross join lateral (
      select q.id, q.activity_request_id, q.priority, q.due_at
      from public.run_queue as q
      where q.source_id = c.source_id
        and q.org_id = c.org_id
        and q.state in ('waiting', 'ready')
        and q.due_at <= moment
      order by q.priority desc, q.due_at, q.activity_request_id
      limit etl_api.look_ahead(c.turns, c.max_objects_per_request)
      for update skip locked
    ) as q
  ),
  placed as (
    select f.*,
      pg_catalog.dense_rank() over (
        partition by f.i
        order by f.first_priority desc, f.first_due_at, f.activity_request_id, f.chunk) as place
    from (
      select due.*,
        pg_catalog.max(due.priority) over (partition by due.i, due.activity_request_id) as first_priority,
        pg_catalog.min(due.due_at) over (partition by due.i, due.activity_request_id) as first_due_at
      from due
    ) as f
  )
  select pg_catalog.array_agg(p.id order by p.item, p.due_at, p.id), pg_catalog.array_agg(p.item order by p.item, p.due_at, p.id)
  into run_ids, run_items
  from (
    select placed.*, pg_catalog.dense_rank() over (order by placed.place, placed.i)::int as item
    from placed
    where placed.place <= placed.turns
  ) as p;
end
$$;

comment on function etl_api.take_due_runs(uuid[], uuid[], int[]) is
  'Locks runs that are due and groups them into HTTP requests: at most turns[i] to source_ids[i] for org_ids[i], of higher priority first, then the longest due. run_items numbers the requests from 1; runs with the same number are of one activity, at most max_objects_per_request. In that order; null when none is due.';

revoke execute on function etl_api.take_due_runs(uuid[], uuid[], int[]) from public;
grant execute on function etl_api.take_due_runs(uuid[], uuid[], int[]) to service_role;
