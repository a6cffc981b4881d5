create or replace function etl_api.source_capacity(max_requests int)
returns table (source_id uuid, capacity int, max_objects_per_request int)
language plpgsql
set search_path = ''
as $$
declare
  due_ids uuid[];
begin
  -- Which sources have anything waiting: one index probe per source, however many rows wait.
  with recursive queued as (
    (select q.source_id from public.run_queue as q where q.state in ('waiting', 'ready') order by q.source_id limit 1)
    union all
    select (
      select q.source_id
      from public.run_queue as q
      where q.state in ('waiting', 'ready')
        and q.source_id > queued.source_id
      order by q.source_id
      limit 1)
    from queued
    where queued.source_id is not null
  ),
  requested as (
    (select r.source_id from public.run_request as r where r.state in ('waiting', 'ready') order by r.source_id limit 1)
    union all
    select (
      select r.source_id
      from public.run_request as r
      where r.state in ('waiting', 'ready')
        and r.source_id > requested.source_id
      order by r.source_id
      limit 1)
    from requested
    where requested.source_id is not null
  )
  select pg_catalog.array_agg(both_kinds.source_id) into due_ids
  from (
    select queued.source_id from queued
    union
    select requested.source_id from requested
  ) as both_kinds
  where both_kinds.source_id is not null;

  -- A limit holds only if one claim at a time counts what is in flight; sources without one need no lock.
  perform 1
  from public.source as s
  where s.id = any (due_ids)
    and s.max_concurrency is not null
  order by s.id
  for no key update;

  return query
  select s.id,
    case when s.max_concurrency is null then max_requests
      else least(max_requests, s.max_concurrency - (
        select pg_catalog.count(*)::int
        from public.run_request as r
        where r.source_id = s.id
          and r.state = 'in_progress'))
    end,
    s.max_objects_per_request
  from public.source as s
  where s.id = any (due_ids)
    and s.enabled;
end
$$;

comment on function etl_api.source_capacity(int) is
  'Sources with work waiting, and how many HTTP requests each may take now, at most max_requests, under its max_concurrency. Holds the sources that have such a limit until the transaction ends.';

revoke execute on function etl_api.source_capacity(int) from public;
grant execute on function etl_api.source_capacity(int) to service_role;
