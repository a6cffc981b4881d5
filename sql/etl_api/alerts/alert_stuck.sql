create or replace function etl_api.alert_stuck(org_id uuid, most int default 1000) returns bigint
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  -- As in etl_api.overdue, of which this counts the rows: what has to be taken, and what the sweep has to do.
  taken_by constant timestamptz := utils.now() - pg_catalog.make_interval(
    secs => coalesce((etl_api.setting_value('stuck_after_seconds') #>> '{}')::double precision, 900));
  swept_by constant timestamptz := utils.now() - interval '1 minute';
begin
  return (
    select pg_catalog.count(*)
    from (
      (select 1 from etl_api.alert_queues(alert_stuck.org_id) as k
        join public.run_queue as q on q.source_id = k.at_source_id and q.priority = k.priority
        where q.org_id = alert_stuck.org_id and q.state in ('waiting', 'ready') and q.due_at < taken_by limit most)
      union all
      (select 1 from public.source as s join public.run_request as r on r.source_id = s.id
        where r.org_id = alert_stuck.org_id and r.state in ('waiting', 'ready') and r.due_at < taken_by limit most)
      union all
      (select 1 from public.delivery as d
        where d.org_id = alert_stuck.org_id and d.state in ('waiting', 'ready') and d.due_at < taken_by limit most)
      union all
      (select 1 from public.source as s join public.run_request as r on r.source_id = s.id
        where r.org_id = alert_stuck.org_id and r.state = 'in_progress' and r.lease_until < swept_by limit most)
      union all
      (select 1 from public.delivery as d
        where d.org_id = alert_stuck.org_id and d.state = 'in_progress' and d.lease_until < swept_by limit most)
      union all
      (select 1 from public.run_queue as q where q.org_id = alert_stuck.org_id
        and q.state in ('waiting', 'ready', 'in_progress') and q.timeout_at < swept_by limit most)
      union all
      (select 1 from public.activity_request as a where a.org_id = alert_stuck.org_id
        and a.is_open and a.timeout_at < swept_by limit most)
      union all
      (select 1 from public.workflow_request as w where w.org_id = alert_stuck.org_id and w.replay = 0
        and w.is_open and w.state not in ('new', 'valid') and w.timeout_at < swept_by limit most)
      union all
      (select 1 from public.workflow_request as w where w.org_id = alert_stuck.org_id and w.replay = 0
        and w.state = 'waiting' and w.is_open and w.not_before < swept_by limit most)
      union all
      (select 1 from public.workflow_schedule as c
        where c.org_id = alert_stuck.org_id and c.enabled and c.next_at < swept_by limit most)
      union all
      (select 1 from etl_api.advance_queue as n
        where n.org_id = alert_stuck.org_id and n.created_at < swept_by limit most)
    ) as stuck);
end
$$;

comment on function etl_api.alert_stuck(uuid, int) is
  'How many rows of a tenant etl_api.stuck would show; of each kind no more than most are counted. Unlike the view it reads nothing that is not stuck, however much waits.';

revoke execute on function etl_api.alert_stuck(uuid, int) from public;
grant execute on function etl_api.alert_stuck(uuid, int) to service_role;
