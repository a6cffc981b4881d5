create or replace function etl_api.recount_org(org_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform 1
  from public.org as o
  where o.id = recount_org.org_id
  for no key update;
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no org %s', coalesce(org_id::text, 'null')),
      hint = 'Give the id of a row of org.';
  end if;

  -- One statement, so one moment for all: a transaction still open has neither its rows nor its note in it, and adds
  -- what it stored when it ends.
  with told as (
    delete from etl_api.org_count_delta as d
    where d.org_id = recount_org.org_id
    returning d.requests, d.runs, d.free_objects
  ), note as (
    select coalesce(pg_catalog.sum(t.requests), 0) as requests, coalesce(pg_catalog.sum(t.runs), 0) as runs,
      coalesce(pg_catalog.sum(t.free_objects), 0) as free_objects
    from told as t
  )
  update public.org as o
  set request_count = greatest(o.request_count + n.requests,
        (select pg_catalog.count(*) from public.activity_request as a where a.org_id = o.id)),
      run_count = greatest(o.run_count + n.runs,
        (select pg_catalog.count(*) from public.run_queue as q where q.org_id = o.id and q.run_request_id is not null)),
      object_count = (select pg_catalog.count(*) from public.object as b where b.org_id = o.id),
      datapoint_count = (select pg_catalog.count(*) from public.datapoint as d where d.org_id = o.id)
        + (select pg_catalog.count(*) from public.datapoint as d where d.org_id is null),
      free_objects = case when o.free_objects > 0 then greatest(o.free_objects - n.free_objects, 0) else o.free_objects end
  from note as n
  where o.id = recount_org.org_id;
end
$$;

comment on function etl_api.recount_org(uuid) is
  'Counts anew what an org has stored, for when rows were written past the triggers (a restore, a bulk load). request_count and run_count are raised to the rows there are, never lowered. It reads all rows of the org. ETL04: no such org.';

revoke execute on function etl_api.recount_org(uuid) from public;
grant execute on function etl_api.recount_org(uuid) to service_role;
