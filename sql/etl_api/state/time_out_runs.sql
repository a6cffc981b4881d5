create or replace function etl_api.time_out_runs(run_ids uuid[]) returns int
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  fault constant jsonb := pg_catalog.jsonb_build_object(
    'code', 'run_timeout', 'message', 'The run was over its time (run_timeout_seconds) without an end.');
  root_ids uuid[];
  chain_activity_ids uuid[];
  activity_ids uuid[];
  ended int;
begin
  select pg_catalog.array_agg(c.root_id), pg_catalog.array_agg(c.activity_request_id) into root_ids, chain_activity_ids
  from (
    select distinct q.run_request_id as root_id, q.activity_request_id
    from public.run_queue as q
    where q.id = any (run_ids)
  ) as c;

  -- The runs that one chain of HTTP requests carries end together, or its end would fail the others.
  with ended as (
    update public.run_queue as q
    set state = 'timedout',
        state_via = etl_api.steps_to_timedout(q.state::text)::public.run_queue_state[],
        state_substate = 'run_timeout',
        error = fault,
        finished_at = utils.now()
    where (q.id = any (run_ids) or q.run_request_id = any (root_ids))
      and q.state in ('waiting', 'ready', 'in_progress')
      and q.timeout_at <= utils.now()
    returning q.activity_request_id
  )
  select pg_catalog.array_agg(distinct e.activity_request_id), pg_catalog.count(*) into activity_ids, ended
  from ended as e;
  if ended = 0 then
    return 0;
  end if;

  update public.run_request as r
  set state = 'timedout',
      state_via = etl_api.steps_to_timedout(r.state::text)::public.run_request_state[],
      state_substate = 'run_timeout',
      error = fault,
      lease_until = null,
      lease_token = null,
      finished_at = utils.now()
  from (
    select t.*
    from unnest(root_ids, chain_activity_ids) as t (root_id, activity_request_id)
    -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
    limit pg_catalog.cardinality(root_ids)
  ) as chain
  where r.activity_request_id = chain.activity_request_id
    and r.root_id = chain.root_id
    and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
    and not exists (
      select 1
      from public.run_queue as q
      where q.run_request_id = r.root_id
        and q.state = 'in_progress');

  perform etl_api.create_run(activity_ids);
  perform etl_api.advance_activities(activity_ids);
  return ended;
end
$$;

comment on function etl_api.time_out_runs(uuid[]) is
  'Times out those of these runs, and of the runs in the same HTTP requests, that are over their time, ends the requests, and moves their activities on: the next source is asked. Returns how many. The caller holds the workflow locks.';

revoke execute on function etl_api.time_out_runs(uuid[]) from public;
grant execute on function etl_api.time_out_runs(uuid[]) to service_role;
