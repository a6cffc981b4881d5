create or replace function etl_api.run_schedules(max_rows int default 1000) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  ids uuid[];
  made int;
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

  with due as materialized (
    select s.id, s.org_id, s.data, s.priority, t.last_at, t.next_at
    from public.workflow_schedule as s
    cross join lateral etl_api.schedule_times(s.cron, s.time_zone, s.next_at) as t
    where s.id = any (ids)
  ), requested as (
    insert into public.workflow_request (org_id, data, priority, schedule_id, idempotency_key)
    select d.org_id, d.data, d.priority, d.id, pg_catalog.format('schedule:%s:%s', d.id, utils.iso_time(d.last_at))
    from due as d
    where d.last_at is not null
    returning id, schedule_id
  )
  update public.workflow_schedule as s
  set last_at = coalesce(d.last_at, s.last_at),
      next_at = d.next_at,
      last_request_id = coalesce(r.id, s.last_request_id)
  from due as d
  left join requested as r on r.schedule_id = d.id
  where s.id = d.id;
  get diagnostics made = row_count;

  perform etl_api.logger('error', 'schedules', 'The next time of this schedule cannot be told. Write its cron or time_zone again.',
    pg_catalog.jsonb_build_object('schedule_id', s.id, 'cron', s.cron, 'time_zone', s.time_zone), s.org_id)
  from public.workflow_schedule as s
  where s.id = any (ids)
    and s.next_at is null;
  return made;
end
$$;

comment on function etl_api.run_schedules(int) is
  'Makes the workflow requests of schedules whose time has come, one for each: of times that passed while nobody looked only the latest. recover() calls it. Returns how many.';

revoke execute on function etl_api.run_schedules(int) from public;
grant execute on function etl_api.run_schedules(int) to service_role;
