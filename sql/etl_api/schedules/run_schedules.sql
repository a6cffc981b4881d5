create or replace function etl_api.run_schedules(max_rows int default 1000) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  ids uuid[];
begin
  -- What another clock holds is being seen to by it. The key makes it one request per time whatever happens.
  select pg_catalog.array_agg(due.id) into ids
  from (
    select s.id
    from public.workflow_schedule as s
    where s.enabled
      and s.next_at <= moment
      and exists (
        select 1
        from public.org as o
        where o.id = s.org_id
          and o.deleted_at is null)
    order by s.next_at
    limit max_rows
    for no key update skip locked
  ) as due;
  if ids is null then
    return 0;
  end if;

  return etl_api.run_schedules_apart(ids);
end
$$;

comment on function etl_api.run_schedules(int) is
  'Makes the workflow requests of schedules whose time has come, one for each: of times that passed while nobody looked only the latest. One that raises an exception costs only itself. recover() calls it. Returns how many.';

revoke execute on function etl_api.run_schedules(int) from public;
grant execute on function etl_api.run_schedules(int) to service_role;
