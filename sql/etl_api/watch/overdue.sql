-- Each part reads a partial index of what is open, by the time it compares. The sweep comes once a minute at least, so
-- what it has to do counts as overdue a minute after its time; what workers have to take, after stuck_after_seconds. (The
-- lower bounds say nothing: with them the planner expects little, as in state_history_tail.)
create or replace view etl_api.overdue with (security_invoker = true) as
  select 'workflow_request' as entity, w.id as entity_id, w.org_id, w.id as workflow_request_id, null::uuid as source_id,
    'timeout' as reason, w.timeout_at as since
  from public.workflow_request as w
  where w.is_open
    and w.state not in ('new', 'valid')
    and w.timeout_at < utils.now() - interval '1 minute'
    and w.replay = 0
  union all
  select 'workflow_request', w.id, w.org_id, w.id, null, 'not_started', w.not_before
  from public.workflow_request as w
  where w.state = 'waiting'
    and w.is_open
    and w.not_before < utils.now() - interval '1 minute'
    and w.replay = 0
  union all
  select 'activity_request', a.id, a.org_id, a.workflow_request_id, null, 'timeout', a.timeout_at
  from public.activity_request as a
  where a.is_open
    and a.timeout_at < utils.now() - interval '1 minute'
  union all
  select 'activity_request', a.id, a.org_id, a.workflow_request_id, null, 'bell', n.created_at
  from etl_api.advance_queue as n
  join public.activity_request as a on a.id = n.activity_request_id and a.org_id = n.org_id
  where n.created_at < utils.now() - interval '1 minute'
  union all
  select 'run_queue', q.id, q.org_id, q.workflow_request_id, q.source_id, 'timeout', q.timeout_at
  from public.run_queue as q
  where q.state in ('waiting', 'ready', 'in_progress')
    and q.timeout_at < utils.now() - interval '1 minute'
  union all
  select 'run_queue', q.id, q.org_id, q.workflow_request_id, q.source_id, 'not_taken', q.due_at
  from public.run_queue as q
  where q.state in ('waiting', 'ready')
    and q.due_at >= '-infinity'
    and q.due_at < (
      select utils.now() - pg_catalog.make_interval(secs => (s.value #>> '{}')::double precision)
      from etl_api.setting as s
      where s.name = 'stuck_after_seconds')
  union all
  select 'run_request', r.id, r.org_id, r.workflow_request_id, r.source_id, 'not_taken', r.due_at
  from public.run_request as r
  where r.state in ('waiting', 'ready')
    and r.due_at >= '-infinity'
    and r.due_at < (
      select utils.now() - pg_catalog.make_interval(secs => (s.value #>> '{}')::double precision)
      from etl_api.setting as s
      where s.name = 'stuck_after_seconds')
  union all
  select 'run_request', r.id, r.org_id, r.workflow_request_id, r.source_id, 'lease', r.lease_until
  from public.run_request as r
  where r.state = 'in_progress'
    and r.lease_until < utils.now() - interval '1 minute'
  union all
  select 'delivery', d.id, d.org_id, d.workflow_request_id, null, 'not_taken', d.due_at
  from public.delivery as d
  where d.state in ('waiting', 'ready')
    and d.due_at >= '-infinity'
    and d.due_at < (
      select utils.now() - pg_catalog.make_interval(secs => (s.value #>> '{}')::double precision)
      from etl_api.setting as s
      where s.name = 'stuck_after_seconds')
  union all
  select 'delivery', d.id, d.org_id, d.workflow_request_id, null, 'lease', d.lease_until
  from public.delivery as d
  where d.state = 'in_progress'
    and d.lease_until < utils.now() - interval '1 minute'
  union all
  select 'workflow_schedule', c.id, c.org_id, null, null, 'not_started', c.next_at
  from public.workflow_schedule as c
  where c.enabled
    and c.next_at < utils.now() - interval '1 minute'
  union all
  select 'sweep', null, null, null, null, 'sweep', m.rolled_up_at
  from etl_api.roll_up_mark as m
  where m.rolled_up_at < (
    select utils.now() - pg_catalog.make_interval(secs => (s.value #>> '{}')::double precision)
    from etl_api.setting as s
    where s.name = 'stuck_after_seconds');

comment on view etl_api.overdue is 'What is over its time, of what the reader may see, without the words of etl_api.stuck.';
comment on column etl_api.overdue.entity is 'The table of the row; sweep for the sweep itself.';
comment on column etl_api.overdue.entity_id is 'The row.';
comment on column etl_api.overdue.org_id is 'Its tenant.';
comment on column etl_api.overdue.workflow_request_id is 'The request it serves.';
comment on column etl_api.overdue.source_id is 'The source it waits for.';
comment on column etl_api.overdue.reason is
  'timeout (over its time, not ended), lease (its worker is silent), not_taken (due, not taken), not_started (its time has come), bell (nobody moved it on), sweep (nobody sweeps).';
comment on column etl_api.overdue.since is 'When its time was over.';

revoke all on etl_api.overdue from public;
grant select on etl_api.overdue to authenticated, service_role;
