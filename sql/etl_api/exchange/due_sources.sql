create or replace function etl_api.due_sources() returns uuid[]
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  -- One index probe per source, however many rows wait.
  return (
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
    select pg_catalog.array_agg(waiting.source_id)
    from (
      select queued.source_id from queued
      union
      select requested.source_id from requested
    ) as waiting
    where waiting.source_id is not null);
end
$$;

comment on function etl_api.due_sources() is
  'Sources that have runs or HTTP requests waiting, due or not; null when none has.';

revoke execute on function etl_api.due_sources() from public;
grant execute on function etl_api.due_sources() to service_role;
