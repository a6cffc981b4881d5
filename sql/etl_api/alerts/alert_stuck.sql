create or replace function etl_api.alert_stuck(org_id uuid, before timestamptz, most int default 1000) returns bigint
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return (
    select pg_catalog.count(*)
    from (
      (select 1
      from etl_api.alert_queues(alert_stuck.org_id) as k
      cross join lateral (
        select 1
        from public.run_queue as q
        where q.source_id = k.at_source_id
          and q.org_id = alert_stuck.org_id
          and q.priority = k.priority
          and q.state in ('waiting', 'ready')
          and q.due_at <= alert_stuck.before
        limit most
      ) as q
      limit most)
      union all
      (select 1
      from public.source as s
      join public.run_request as r on r.source_id = s.id
      where r.org_id = alert_stuck.org_id
        and r.state in ('waiting', 'ready')
        and r.due_at <= alert_stuck.before
      limit most)
      union all
      (select 1 from public.delivery as d
      where d.org_id = alert_stuck.org_id and d.state in ('waiting', 'ready') and d.due_at <= alert_stuck.before limit most)
      union all
      -- What the sweep should have ended or taken back.
      (select 1 from public.run_request as r
      where r.org_id = alert_stuck.org_id and r.state = 'in_progress' and r.lease_until <= alert_stuck.before limit most)
      union all
      (select 1 from public.delivery as d
      where d.org_id = alert_stuck.org_id and d.state = 'in_progress' and d.lease_until <= alert_stuck.before limit most)
      union all
      (select 1 from public.run_queue as q
      where q.org_id = alert_stuck.org_id and q.state = 'in_progress' and q.timeout_at <= alert_stuck.before limit most)
      union all
      (select 1 from public.activity_request as a
      where a.org_id = alert_stuck.org_id and a.state in ('ready', 'waiting', 'in_progress')
        and a.timeout_at <= alert_stuck.before limit most)
      union all
      (select 1 from public.workflow_request as w
      where w.org_id = alert_stuck.org_id and w.state in ('ready', 'waiting', 'in_progress')
        and w.timeout_at <= alert_stuck.before limit most)
    ) as stuck);
end
$$;

comment on function etl_api.alert_stuck(uuid, timestamptz, int) is
  'How many rows of a tenant should have been taken, taken back or ended before this time, and were not; of each kind no more than most are counted.';

revoke execute on function etl_api.alert_stuck(uuid, timestamptz, int) from public;
grant execute on function etl_api.alert_stuck(uuid, timestamptz, int) to service_role;
