create or replace function etl_api.due_request_count(source_id uuid, org_id uuid, may_run boolean, wanted int) returns int
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  batch int := (select s.max_objects_per_request from public.source as s where s.id = due_request_count.source_id);
  found int;
begin
  select pg_catalog.count(*) into found
  from (
    select 1
    from public.run_request as r
    where r.source_id = due_request_count.source_id
      and r.org_id = due_request_count.org_id
      and r.state in ('waiting', 'ready')
      and r.due_at <= moment
    order by r.due_at
    limit wanted
  ) as due;
  if found >= wanted or not may_run then
    return found;
  end if;

  -- As many rows as take_due_runs would look at.
  return found + least(wanted - found, (
    select coalesce(pg_catalog.sum((runs.count + batch - 1) / batch), 0)
    from (
      select pg_catalog.count(*) as count
      from (
        select q.activity_request_id
        from public.run_queue as q
        where q.source_id = due_request_count.source_id
          and q.org_id = due_request_count.org_id
          and q.state in ('waiting', 'ready')
          and q.due_at <= moment
        order by q.priority desc, q.due_at, q.activity_request_id
        limit etl_api.look_ahead(wanted - found, batch)
      ) as due
      group by due.activity_request_id
    ) as runs))::int;
end
$$;

comment on function etl_api.due_request_count(uuid, uuid, boolean, int) is
  'How many HTTP requests a tenant could send to a source now, at most wanted: those that are due, and (may_run) those that its due runs make.';

revoke execute on function etl_api.due_request_count(uuid, uuid, boolean, int) from public;
grant execute on function etl_api.due_request_count(uuid, uuid, boolean, int) to service_role;
