create or replace function etl_api.claim_run_requests(worker text, max_requests int)
returns table (
  run_request_id uuid, org_id uuid, lease_token uuid, lease_until timestamptz, kind text, secret_scope text,
  request jsonb, timeout_ms int, attempt int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  lease interval := etl_api.time_limit(null, 'lease_seconds');
  room record;
  turn record;
  again_ids uuid[];
  again_sources uuid[];
  again_orgs uuid[];
  new_ids uuid[];
begin
  perform etl_api.check_claim_arguments(worker, max_requests, 'max_requests');
  perform etl_api.drain_advance_queue();

  select pg_catalog.array_agg(c.source_id) as sources, pg_catalog.array_agg(c.capacity) as capacities,
    pg_catalog.bool_or(c.has_windows) as has_windows
  into room
  from etl_api.source_capacity(max_requests) as c;
  if room.sources is null then
    return;
  end if;
  select pg_catalog.array_agg(d.source_id) as sources, pg_catalog.array_agg(d.org_id) as orgs,
    pg_catalog.array_agg(d.may_run) as may_run, pg_catalog.array_agg(d.turns) as turns
  into turn
  from etl_api.deal_turns(room.sources, room.capacities, max_requests) as d;
  if turn.sources is null then
    return;
  end if;

  -- First what has been sent before or belongs to a run under way: retries, polls, pages.
  again_ids := etl_api.take_due_requests(turn.sources, turn.orgs, turn.turns);
  if again_ids <> '{}' then
    with claimed as (
      update public.run_request as r
      set state = 'in_progress',
          state_via = case when r.state = 'waiting' then '{ready}'::public.run_request_state[] end,
          state_substate = null,
          attempts = r.attempts + 1,
          lease_until = utils.now() + lease + pg_catalog.make_interval(secs => s.timeout_seconds),
          lease_token = pg_catalog.gen_random_uuid(),
          worker = claim_run_requests.worker,
          claimed_at = utils.now()
      from public.source as s
      where r.id = any (again_ids)
        and s.id = r.source_id
      returning r.source_id, r.org_id
    )
    select pg_catalog.array_agg(claimed.source_id), pg_catalog.array_agg(claimed.org_id) into again_sources, again_orgs
    from claimed;
  end if;

  new_ids := etl_api.allocate_source_runs(worker, turn.sources, turn.orgs, array(
    select case when t.may_run then t.turns - (
      select pg_catalog.count(*)::int
      from unnest(again_sources, again_orgs) as a (source_id, org_id)
      where a.source_id = t.source_id
        and a.org_id = t.org_id) else 0 end
    from unnest(turn.sources, turn.orgs, turn.may_run, turn.turns)
      with ordinality as t (source_id, org_id, may_run, turns, i)
    order by t.i));
  if room.has_windows then
    perform etl_api.count_windows(again_ids || new_ids);
  end if;

  return query
  select r.id, r.org_id, r.lease_token, r.lease_until, r.kind, coalesce(s.org_id::text, 'shared'),
    p.request, s.timeout_seconds * 1000, r.attempts
  from unnest(again_ids || new_ids) as i (id)
  join public.run_request as r on r.id = i.id
  join public.run_request_payload as p
    on p.run_request_id = r.id
    and p.org_id = r.org_id
  join public.source as s on s.id = r.source_id;
end
$$;

comment on function etl_api.claim_run_requests(text, int) is
  'Claims HTTP requests to send, at most max_requests (1 to 1000), each with a lease, under each source''s limits and in turn for each of its tenants: of a tenant first retries, polls and pages that are due, then new ones for runs that wait. Nothing to do: no row. ETL04: bad argument.';

revoke execute on function etl_api.claim_run_requests(text, int) from public;
grant execute on function etl_api.claim_run_requests(text, int) to service_role;
