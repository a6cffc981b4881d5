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
  source_ids uuid[];
  capacities int[];
  again_ids uuid[];
  again_sources uuid[];
  new_ids uuid[];
begin
  perform etl_api.check_claim_arguments(worker, max_requests, 'max_requests');
  perform etl_api.drain_advance_queue();

  select pg_catalog.array_agg(c.source_id), pg_catalog.array_agg(c.capacity) into source_ids, capacities
  from etl_api.source_capacity(max_requests) as c
  where c.capacity > 0;
  if source_ids is null then
    return;
  end if;

  -- First what has been sent before or belongs to a run under way: retries, polls, pages.
  with due as (
    select r.id
    from unnest(source_ids, capacities) as c (source_id, capacity)
    cross join lateral (
      select r.id, r.due_at
      from public.run_request as r
      where r.source_id = c.source_id
        and r.state in ('waiting', 'ready')
        and r.due_at <= utils.now()
      order by r.due_at
      limit c.capacity
      for update skip locked
    ) as r
    order by r.due_at
    limit max_requests
  ),
  claimed as (
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
    where r.id = any (array(select due.id from due))
      and s.id = r.source_id
    returning r.id, r.source_id
  )
  select pg_catalog.array_agg(claimed.id), pg_catalog.array_agg(claimed.source_id) into again_ids, again_sources
  from claimed;

  if coalesce(pg_catalog.cardinality(again_ids), 0) < max_requests then
    new_ids := etl_api.allocate_source_runs(
      worker, source_ids,
      array(
        select c.capacity - (
          select pg_catalog.count(*)::int
          from unnest(again_sources) as a (source_id)
          where a.source_id = c.source_id)
        from unnest(source_ids, capacities) with ordinality as c (source_id, capacity, place)
        order by c.place),
      max_requests - coalesce(pg_catalog.cardinality(again_ids), 0));
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
  'Claims HTTP requests to send, at most max_requests (1 to 1000), each with a lease: first retries, polls and pages that are due, then new ones for runs that wait, under each source''s limits. Nothing to do: no row. ETL04: bad argument.';

revoke execute on function etl_api.claim_run_requests(text, int) from public;
grant execute on function etl_api.claim_run_requests(text, int) to service_role;
