create or replace function etl_api.purge_batch(ended uuid[], before timestamptz, max_rows int) returns uuid[]
language plpgsql
set search_path = ''
-- A few of very many, by key.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return array(
    select fits.id
    from (
      select e.id, e.place,
        pg_catalog.sum(size.rows) over (order by e.place rows unbounded preceding) - size.rows as rows_before
      from pg_catalog.unnest(ended) with ordinality as e (id, place)
      cross join lateral (
        select coalesce(pg_catalog.sum(runs.count + objects.count), 0) as rows
        from public.activity_request as a
        cross join lateral (
          select pg_catalog.count(*)
          from (select 1 from public.run_queue as q where q.activity_request_id = a.id limit max_rows) as q
        ) as runs
        cross join lateral (
          select pg_catalog.count(*)
          from (select 1 from public.activity_object as o where o.activity_request_id = a.id limit max_rows) as o
        ) as objects
        where a.workflow_request_id = e.id
      ) as size
      -- Seen before the lock was there, its messages may have been sent again since.
      where not exists (
        select 1
        from public.delivery as d
        where d.workflow_request_id = e.id
          and (d.finished_at is null or d.finished_at >= before))
    ) as fits
    where fits.rows_before < 2::bigint * max_rows
    order by fits.place);
end
$$;

comment on function etl_api.purge_batch(uuid[], timestamptz, int) is
  'The first of these workflow requests that together have about max_rows runs and as many objects; one, however large it is. The caller holds their locks.';

revoke execute on function etl_api.purge_batch(uuid[], timestamptz, int) from public;
