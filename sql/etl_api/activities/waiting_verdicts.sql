create or replace function etl_api.waiting_verdicts(workflow_request_ids uuid[])
returns table (activity_request_id uuid, verdict text)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
-- A plan may have been made while the tables were empty. What is read once meets itself by hash, whatever is thought of
-- its number; edges are looked up by key, since offset 0 leaves nothing else.
set enable_hashjoin = on
set enable_nestloop = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  -- A failure that fails what follows is known at once. Whether something is skipped only when all it waits for is
  -- over, because one of these may still fail it. Phases wait for phases, whatever became of them.
  return query
  with all_of as materialized (
    select ar.id, ar.state = 'waiting' as waits, ar.workflow_phase,
      pg_catalog.min(ar.workflow_phase) filter (where ar.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
        over (partition by ar.workflow_request_id) as first_phase,
      -- What is done without a start was skipped; its substate may tell of a failed delivery instead.
      case
        when ar.state in ('done', 'delivered') then case when ar.started_at is null then 'skip' else 'go' end
        when ar.state in ('failed', 'timedout', 'invalid') then ar.on_failure
        else 'wait'
      end as effect
    from public.activity_request as ar
    where ar.workflow_request_id = any (workflow_request_ids)
  ), edge as materialized (
    select o.id, o.workflow_phase > o.first_phase as early, d.depends_on_id
    from all_of as o
    left join lateral (
      select d.depends_on_id
      from public.activity_dependency as d
      where d.activity_request_id = o.id
      offset 0
    ) as d on true
    where o.waits
  ), effects as (
    select edge.id, edge.early, pg_catalog.array_agg(b.effect) as before
    from edge
    left join all_of as b on b.id = edge.depends_on_id
    group by edge.id, edge.early
  )
  select e.id,
    case
      when 'fail' = any (e.before) then 'fail'
      when 'wait' = any (e.before) then 'wait'
      when 'skip' = any (e.before) then 'skip'
      when e.early then 'wait'
      else 'start'
    end
  from effects as e;
end
$$;

comment on function etl_api.waiting_verdicts(uuid[]) is
  'What can be said of the waiting activity requests of workflow requests: fail (one it depends on failed and says so), skip (one was skipped, or failed and says so), start, or wait.';

revoke execute on function etl_api.waiting_verdicts(uuid[]) from public;
grant execute on function etl_api.waiting_verdicts(uuid[]) to service_role;
