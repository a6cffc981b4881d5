create or replace function etl_api.erase_requests(of_org uuid, max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
-- By the index of the requests of a tenant, and from there by key.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  held uuid[];
  requests uuid[];
begin
  -- Who works on one just now holds its row; the next call comes back for it.
  held := array(
    select w.id
    from public.workflow_request as w
    where w.org_id = of_org
      and w.replay = 0
    order by w.created_at
    limit max_rows
    for update skip locked);
  if held = '{}' then
    return;
  end if;
  -- As in purge_batch, but whatever state they are in.
  requests := array(
    select fits.id
    from (
      select e.id, e.place,
        pg_catalog.sum(size.rows) over (order by e.place rows unbounded preceding) - size.rows as rows_before
      from pg_catalog.unnest(held) with ordinality as e (id, place)
      cross join lateral (
        select coalesce(pg_catalog.sum(runs.count), 0) as rows
        from public.activity_request as a
        cross join lateral (
          select pg_catalog.count(*)
          from (select 1 from public.run_queue as q where q.activity_request_id = a.id limit max_rows) as q
        ) as runs
        where a.workflow_request_id = e.id
      ) as size
    ) as fits
    where fits.rows_before < max_rows
    order by fits.place);
  -- Before all time: no partition of the history is left to go as a whole later.
  return query
  select t.what, t.count, true
  from etl_api.purge_trees(requests, '-infinity', max_rows, false) as t;
end
$$;

comment on function etl_api.erase_requests(uuid, int) is
  'Removes workflow requests of a tenant with all that belongs to them, open or not: about max_rows rows of each table.';

revoke execute on function etl_api.erase_requests(uuid, int) from public;
