create or replace function etl_api.make_scheduled_requests(schedule_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  made int;
begin
  with due as materialized (
    select s.id, s.org_id, s.data, s.priority, t.last_at, t.next_at
    from public.workflow_schedule as s
    cross join lateral etl_api.schedule_times(s.cron, s.time_zone, s.next_at) as t
    where s.id = any (schedule_ids)
  ), requested as (
    -- The id is made of schedule and time: made again after a restore to an earlier time, it is the same request, and
    -- its messages are the same (message_ids).
    insert into public.workflow_request (id, org_id, data, priority, schedule_id, idempotency_key)
    select (pg_catalog.lpad(pg_catalog.to_hex((extract(epoch from d.last_at) * 1000)::bigint), 12, '0') || '8'
        || pg_catalog."left"(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(k.key, 'UTF8')), 'hex'), 19))::uuid,
      d.org_id, d.data, d.priority, d.id, k.key
    from due as d
    cross join lateral (
      select pg_catalog.format('schedule:%s:%s', d.id, utils.iso_time(d.last_at)) as key
    ) as k
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
  where s.id = any (schedule_ids)
    and s.next_at is null;
  return made;
end
$$;

comment on function etl_api.make_scheduled_requests(uuid[]) is
  'Makes the workflow requests of schedules that are due and sets their next times; see run_schedules. Returns how many. The caller holds their rows.';

revoke execute on function etl_api.make_scheduled_requests(uuid[]) from public;
grant execute on function etl_api.make_scheduled_requests(uuid[]) to service_role;
