create or replace function etl_api.allocate_source_runs(
  worker text, source_ids uuid[], capacities int[], max_requests int)
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  lease interval := etl_api.time_limit(null, 'lease_seconds');
  run_ids uuid[];
  run_items int[];
  source_of uuid[];
  activity_of uuid[];
  requests jsonb[];
  missing jsonb[];
  request_ids uuid[];
begin
  select
    pg_catalog.array_agg(taken.run_id order by taken.item, taken.due_at, taken.run_id),
    pg_catalog.array_agg(taken.item order by taken.item, taken.due_at, taken.run_id),
    pg_catalog.array_agg(taken.source_id order by taken.item, taken.due_at, taken.run_id),
    pg_catalog.array_agg(taken.activity_request_id order by taken.item, taken.due_at, taken.run_id)
  into run_ids, run_items, source_of, activity_of
  from etl_api.take_due_runs(source_ids, capacities, max_requests) as taken;
  if run_ids is null then
    return '{}'::uuid[];
  end if;

  -- One entry per request from here on.
  select
    pg_catalog.array_agg(i.source_id order by i.item),
    pg_catalog.array_agg(i.activity_request_id order by i.item),
    pg_catalog.array_agg(utils.new_id() order by i.item)
  into source_of, activity_of, request_ids
  from (
    select distinct on (t.item) t.item, t.source_id, t.activity_request_id
    from unnest(run_items, source_of, activity_of) as t (item, source_id, activity_request_id)
    order by t.item
  ) as i;

  select pg_catalog.array_agg(r.request order by r.item), pg_catalog.array_agg(pg_catalog.to_jsonb(r.missing) order by r.item)
  into requests, missing
  from etl_api.render_requests(
    pg_catalog.array_fill('run'::text, array[pg_catalog.cardinality(request_ids)]), source_of, activity_of,
    pg_catalog.array_fill(null::text, array[pg_catalog.cardinality(request_ids)]),
    pg_catalog.array_fill(null::jsonb, array[pg_catalog.cardinality(request_ids)]),
    pg_catalog.array_fill(1, array[pg_catalog.cardinality(request_ids)]),
    run_items, run_ids) as r;

  insert into public.run_request
    (id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, attempts,
     state, state_via, due_at, lease_until, lease_token, worker, created_at, claimed_at)
  select t.id, ar.org_id, ar.workflow_request_id, ar.id, t.source_id, 'run', t.id, 1,
    'in_progress', '{new,valid,ready}', utils.now(), utils.now() + lease + pg_catalog.make_interval(secs => s.timeout_seconds),
    pg_catalog.gen_random_uuid(), allocate_source_runs.worker, utils.now(), utils.now()
  from unnest(request_ids, source_of, activity_of, requests)
    as t (id, source_id, activity_request_id, request)
  join public.activity_request as ar on ar.id = t.activity_request_id
  join public.source as s on s.id = t.source_id
  where t.request is not null;

  insert into public.run_request_payload (run_request_id, org_id, request)
  select t.id, ar.org_id, t.request
  from unnest(request_ids, activity_of, requests) as t (id, activity_request_id, request)
  join public.activity_request as ar on ar.id = t.activity_request_id
  where t.request is not null;

  -- A run whose template asks for what nobody gave cannot be sent: it is invalid, and says what is missing.
  update public.run_queue as q
  set state = case when t.request is null then 'invalid' else 'in_progress' end::public.run_queue_state,
      state_via = case
        when t.request is not null then case when q.state = 'waiting' then '{ready}' end
        when q.state = 'ready' then '{in_progress,waiting}'
      end::public.run_queue_state[],
      state_substate = case when t.request is null then 'missing_value' end,
      error = case when t.request is null then etl_api.missing_error(t.missing, 'run', q.source_id) end,
      run_request_id = case when t.request is not null then t.id end,
      timeout_at = utils.now() + etl_api.time_limit(ar.config, 'run_timeout_seconds'),
      finished_at = case when t.request is null then utils.now() end
  from unnest(run_ids, run_items) as r (run_id, item)
  join unnest(request_ids, requests, missing) with ordinality as t (id, request, missing, item)
    on t.item = r.item
  join public.activity_request as ar on ar.id = activity_of[r.item]
  where q.id = r.run_id;

  perform etl_api.add_org_counts(pg_catalog.array_agg(sent.org_id), runs => pg_catalog.array_agg(sent.count))
  from (
    select ar.org_id, pg_catalog.count(*)
    from unnest(run_items) as r (item)
    join public.activity_request as ar on ar.id = activity_of[r.item]
    where requests[r.item] is not null
    group by ar.org_id
  ) as sent
  having pg_catalog.count(*) > 0;

  insert into etl_api.advance_queue (activity_request_id, org_id, created_at)
  select distinct ar.id, ar.org_id, utils.now()
  from unnest(activity_of, requests) as t (activity_request_id, request)
  join public.activity_request as ar on ar.id = t.activity_request_id
  where t.request is null;
  if found then
    perform etl_api.ring('execute-runs');
  end if;

  return array(
    select t.id
    from unnest(request_ids, requests) as t (id, request)
    where t.request is not null);
end
$$;

comment on function etl_api.allocate_source_runs(text, uuid[], int[], int) is
  'Gives runs that wait to their sources, as HTTP requests already claimed by the worker: batches of max_objects_per_request, at most capacities[i] requests for source_ids[i]. Returns the ids of the requests. A run whose template cannot be filled becomes invalid / missing_value.';

revoke execute on function etl_api.allocate_source_runs(text, uuid[], int[], int) from public;
grant execute on function etl_api.allocate_source_runs(text, uuid[], int[], int) to service_role;
