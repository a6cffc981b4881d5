create or replace function etl_api.explain_open_requests(
  activity_request_id uuid, root_id uuid default null, run_request_id uuid default null)
returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  held record;
begin
  for held in
    select s.id, s.name, r.org_id, r.state::text as state, r.state_substate as substate, pg_catalog.count(*) as number,
      etl_api.explain_count(pg_catalog.count(*), 'HTTP request', 'HTTP requests') as requests,
      pg_catalog.min(r.due_at) as due_at, pg_catalog.max(r.lease_until) as lease_until, pg_catalog.min(r.worker) as worker,
      pg_catalog.max(r.polls) as polls, pg_catalog.max(r.attempts) as attempts,
      utils.number_or(s.retry_policy -> 'max_attempts', 5) as max_attempts,
      (pg_catalog.array_agg(r.error ->> 'message' order by r.due_at))[1] as message
    from public.run_request as r
    join public.source as s on s.id = r.source_id
    where r.activity_request_id = explain_open_requests.activity_request_id
      and r.state in ('waiting', 'ready', 'in_progress')
      and (explain_open_requests.root_id is null or r.root_id = explain_open_requests.root_id)
      and (run_request_id is null or r.id = run_request_id)
    group by s.id, s.name, r.org_id, r.state, r.state_substate
    order by s.name, s.id, r.state, r.state_substate
  loop
    return next case
      when held.state = 'in_progress' then
        pg_catalog.format('Waits for the answer to %s in flight to source %s (worker %s); without one, it is sent again in %s.',
          held.requests, held.name, held.worker, etl_api.explain_span(held.lease_until - utils.now()))
      when held.substate = 'polling' then
        pg_catalog.format('Waits for source %s, which is at work on %s; it was asked %s and the next question is %s.', held.name,
          held.requests, etl_api.explain_count(held.polls, 'time', 'times'), etl_api.explain_due(held.due_at, 'execute-runs'))
      when held.substate = 'backoff' and held.due_at > utils.now() then
        pg_catalog.format('Waits %s for its retry: %s (%s).', etl_api.explain_span(held.due_at - utils.now()),
          pg_catalog.rtrim(coalesce(held.message, 'the last attempt failed'), '. '),
          case when held.number = 1 then pg_catalog.format('attempt %s of %s failed', held.attempts, held.max_attempts)
            else pg_catalog.format('%s to source %s, the first of them', held.requests, held.name) end)
      else
        pg_catalog.format('%s to source %s to be sent', held.requests, held.name || case held.number when 1 then ' is' else ' are' end)
        || case when held.substate = 'budget' then etl_api.explain_budget(held.org_id)
          else coalesce('. ' || etl_api.explain_source(held.id), ': ' || etl_api.explain_due(held.due_at, 'execute-runs') || '.') end
    end;
  end loop;
end
$$;

comment on function etl_api.explain_open_requests(uuid, uuid, uuid) is
  'What the open HTTP requests of an activity request wait for, a sentence per source and substate; of one chain or one request only, when it is given.';

revoke execute on function etl_api.explain_open_requests(uuid, uuid, uuid) from public;
