create or replace function etl_api.alert_queues(org_id uuid, source_id uuid default null)
returns table (at_source_id uuid, priority int, oldest_at timestamptz)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  -- A queue may be a million runs long: from each priority to the next one below by the index, never through the rows.
  return query
  with recursive level as (
    select s.id as source_id, first.priority, first.due_at
    from public.source as s
    cross join lateral (
      select q.priority, q.due_at
      from public.run_queue as q
      where q.source_id = s.id
        and q.org_id = alert_queues.org_id
        and q.state in ('waiting', 'ready')
      order by q.priority desc, q.due_at
      limit 1
    ) as first
    where (s.org_id is null or s.org_id = alert_queues.org_id)
      and (alert_queues.source_id is null or s.id = alert_queues.source_id)
    union all
    select l.source_id, next.priority, next.due_at
    from level as l
    cross join lateral (
      select q.priority, q.due_at
      from public.run_queue as q
      where q.source_id = l.source_id
        and q.org_id = alert_queues.org_id
        and q.state in ('waiting', 'ready')
        and q.priority < l.priority
      order by q.priority desc, q.due_at
      limit 1
    ) as next
  )
  select l.source_id, l.priority, l.due_at
  from level as l
  where l.due_at <= utils.now();
end
$$;

comment on function etl_api.alert_queues(uuid, uuid) is
  'The queues of a tenant that have due runs, one for each source and priority, with the time since which the oldest is due.';

revoke execute on function etl_api.alert_queues(uuid, uuid) from public;
grant execute on function etl_api.alert_queues(uuid, uuid) to service_role;
