create or replace function etl_api.check_state_sync()
returns table (entity etl_api.entity_kind, id uuid, org_id uuid, state text, problem text)
language sql stable
set search_path = ''
as $$
  with open_state (state) as (
    values ('new'), ('valid'), ('waiting'), ('ready'), ('in_progress')
  )
  select 'workflow_request'::etl_api.entity_kind, w.id, w.org_id, w.state::text, p.problem
  from public.workflow_request as w
  cross join lateral (
    select pg_catalog.count(*) filter (where a.state::text in (select o.state from open_state as o)) as open
    from public.activity_request as a
    where a.workflow_request_id = w.id
  ) as a
  cross join lateral (
    select case
      when w.state in ('new', 'valid', 'ready') or w.state = 'waiting' and w.not_before is null
        then 'it was never taken in or started'
      when w.state = 'in_progress' and a.open = 0 then 'it is in progress, but all its activities have ended'
      when w.state not in ('new', 'valid', 'waiting', 'ready', 'in_progress') and a.open > 0
        then 'it has ended, but activities of it are open'
      when w.state = 'delivered' and exists (
        select 1 from etl_api.current_deliveries(array[w.id]) as d where d.state <> 'delivered')
        then 'it is delivered, but a message of it is not'
    end as problem
  ) as p
  where w.replay = 0
    and p.problem is not null
  union all
  select 'activity_request', a.id, a.org_id, a.state::text, p.problem
  from public.activity_request as a
  cross join lateral (
    select exists (
      select 1 from public.run_queue as q
      where q.activity_request_id = a.id and q.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')) as runs
  ) as open
  cross join lateral (
    select case
      when a.state in ('new', 'valid', 'ready') then 'it was never started'
      when a.state = 'in_progress' and not open.runs and not exists (
        select 1 from etl_api.advance_queue as n where n.activity_request_id = a.id)
        then 'it is in progress, but has no open run'
      when a.state not in ('new', 'valid', 'waiting', 'ready', 'in_progress') and open.runs
        then 'it has ended, but runs of it are open'
      when a.state = 'waiting' and not exists (
          select 1
          from public.activity_request as earlier
          where earlier.workflow_request_id = a.workflow_request_id
            and earlier.workflow_phase < a.workflow_phase
            and earlier.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
        and not exists (
          select 1
          from public.activity_dependency as d
          join public.activity_request as before on before.id = d.depends_on_id
          where d.activity_request_id = a.id
            and before.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
        then 'it waits, but nothing it waits for is open'
      when a.state = 'delivered' and exists (
        select 1
        from etl_api.current_deliveries(array[a.workflow_request_id]) as d
        where d.activity_request_id = a.id
          and d.state <> 'delivered')
        then 'it is delivered, but a message of it is not'
    end as problem
  ) as p
  where p.problem is not null
  union all
  select 'run_queue', q.id, q.org_id, q.state::text, p.problem
  from public.run_queue as q
  cross join lateral (
    select case
      when q.state in ('new', 'valid') then 'it was never queued'
      when q.state = 'in_progress' and not exists (
        select 1 from public.run_request as r
        where r.activity_request_id = q.activity_request_id
          and r.root_id = q.run_request_id
          and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
        then 'it is in progress, but no HTTP request of it is open'
    end as problem
  ) as p
  where q.state in ('new', 'valid', 'in_progress')
    and p.problem is not null
  union all
  select 'run_request', r.id, r.org_id, r.state::text, 'it is open, but no run in progress waits for it'
  from public.run_request as r
  where r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
    and not exists (
      select 1 from public.run_queue as q where q.run_request_id = r.root_id and q.state = 'in_progress')
$$;

comment on function etl_api.check_state_sync() is
  'Rows whose state does not fit their parent''s or children''s, each with the problem in a sentence; none on a sound database. It reads everything: for operators and tests, not for a loop.';

revoke execute on function etl_api.check_state_sync() from public;
grant execute on function etl_api.check_state_sync() to service_role;
