create or replace function etl_api.check_schedules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  changed_ids uuid[];
  timed_ids uuid[];
  fault record;
begin
  if tg_op = 'INSERT' then
    changed_ids := array(select n.id from new_rows as n);
    timed_ids := changed_ids;
  else
    -- Not what the engine itself writes, such as next_at. Other data is no other time.
    select
      coalesce(pg_catalog.array_agg(n.id), '{}'),
      pg_catalog.array_agg(n.id) filter (where (n.cron, n.time_zone, n.enabled) is distinct from (o.cron, o.time_zone, o.enabled))
    into changed_ids, timed_ids
    from new_rows as n
    left join old_rows as o on o.id = n.id
    where (n.cron, n.time_zone, n.enabled, n.data) is distinct from (o.cron, o.time_zone, o.enabled, o.data);
  end if;
  if changed_ids = '{}' then
    return null;
  end if;

  select n.id, f.fault into fault
  from new_rows as n
  cross join lateral etl_api.schedule_error(n.cron, n.time_zone, n.data) as f (fault)
  where n.id = any (changed_ids)
    and f.fault is not null
  limit 1;
  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('workflow_schedule %s: %s', fault.id, fault.fault),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;

  update public.workflow_schedule as s
  set next_at = case when s.enabled then utils.cron_next(s.cron, utils.now(), s.time_zone) end
  where s.id = any (timed_ids);
  return null;
end
$$;

comment on function etl_api.check_schedules() is
  'Refuses schedules that could not be kept (ETL07 with the field and a sentence), and sets when those written make their next request: from now on, none while disabled.';

revoke execute on function etl_api.check_schedules() from public;

drop trigger if exists check_schedules_insert on public.workflow_schedule;
create trigger check_schedules_insert
  after insert on public.workflow_schedule
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_schedules();
comment on trigger check_schedules_insert on public.workflow_schedule is
  'A schedule is valid before the clock meets it.';

drop trigger if exists check_schedules_update on public.workflow_schedule;
create trigger check_schedules_update
  after update on public.workflow_schedule
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.check_schedules();
comment on trigger check_schedules_update on public.workflow_schedule is
  'A schedule is valid before the clock meets it.';
