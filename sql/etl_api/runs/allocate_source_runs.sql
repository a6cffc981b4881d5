create or replace function etl_api.allocate_source_runs(worker text, source_ids uuid[], org_ids uuid[], turns int[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  lease interval := etl_api.time_limit(null, 'lease_seconds');
  taken record;
  requests jsonb[];
  missing jsonb[];
  request_ids uuid[];
  verdicts text[];
  fates text[];
begin
  -- run_ids and run_items have an entry per run, the others one per request, all that follow too.
  select pg_catalog.array_agg(t.run_id) as run_ids, pg_catalog.array_agg(t.item) as run_items,
    pg_catalog.array_agg(t.source_id) filter (where t.place = 1) as sources,
    pg_catalog.array_agg(t.org_id) filter (where t.place = 1) as orgs,
    pg_catalog.array_agg(t.workflow_request_id) filter (where t.place = 1) as workflows,
    pg_catalog.array_agg(t.activity_request_id) filter (where t.place = 1) as activities,
    pg_catalog.array_agg(t.cost) filter (where t.place = 1) as costs
  into taken
  from etl_api.take_due_runs(source_ids, org_ids, turns) as t;
  if taken.run_ids is null then
    return '{}'::uuid[];
  end if;

  select pg_catalog.array_agg(r.request order by r.item), pg_catalog.array_agg(pg_catalog.to_jsonb(r.missing) order by r.item),
    pg_catalog.array_agg(utils.new_id() order by r.item)
  into requests, missing, request_ids
  from etl_api.render_requests(
    pg_catalog.array_fill('run'::text, array[pg_catalog.cardinality(taken.sources)]), taken.sources, taken.activities,
    pg_catalog.array_fill(null::text, array[pg_catalog.cardinality(taken.sources)]),
    pg_catalog.array_fill(null::jsonb, array[pg_catalog.cardinality(taken.sources)]),
    pg_catalog.array_fill(1, array[pg_catalog.cardinality(taken.sources)]),
    taken.run_items, taken.run_ids) as r;

  -- Only what can be sent is paid for.
  if 0 < any (taken.costs) then
    verdicts := etl_api.spend_budgets(taken.orgs, taken.workflows, array(
      select case when t.request is not null then t.cost end
      from unnest(taken.costs, requests) with ordinality as t (cost, request, item)
      order by t.item));
  end if;
  fates := array(
    select case
      when t.request is null then 'missing_value'
      when t.verdict = 'workflow' then 'budget_exceeded'
      when t.verdict = 'month' then 'budget'
      else 'sent'
    end
    from unnest(requests, verdicts) with ordinality as t (request, verdict, item)
    order by t.item);

  insert into public.run_request
    (id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, attempts, cost,
     state, state_via, due_at, lease_until, lease_token, worker, created_at, claimed_at)
  select t.id, t.org_id, t.workflow_request_id, t.activity_request_id, t.source_id, 'run', t.id, 1, t.cost,
    'in_progress', '{new,valid,ready}', utils.now(), utils.now() + lease + pg_catalog.make_interval(secs => s.timeout_seconds),
    pg_catalog.gen_random_uuid(), allocate_source_runs.worker, utils.now(), utils.now()
  from unnest(request_ids, taken.orgs, taken.workflows, taken.activities, taken.sources, taken.costs, fates)
    as t (id, org_id, workflow_request_id, activity_request_id, source_id, cost, fate)
  join public.source as s on s.id = t.source_id
  where t.fate = 'sent';

  insert into public.run_request_payload (run_request_id, org_id, request)
  select t.id, t.org_id, t.request
  from unnest(request_ids, taken.orgs, requests, fates) as t (id, org_id, request, fate)
  where t.fate = 'sent';

  perform etl_api.settle_allocation(
    taken.run_ids, taken.run_items, taken.orgs, taken.activities, request_ids, fates, missing);
  return array(
    select t.id
    from unnest(request_ids, fates) as t (id, fate)
    where t.fate = 'sent');
end
$$;

comment on function etl_api.allocate_source_runs(text, uuid[], uuid[], int[]) is
  'Gives runs that wait to their sources, as HTTP requests already claimed by the worker: batches of max_objects_per_request, at most turns[i] requests to source_ids[i] for org_ids[i], as far as budgets allow. Returns the ids of the requests. What cannot be sent is not: a run whose template cannot be filled becomes invalid / missing_value, one that its workflow''s budget does not allow invalid / budget_exceeded, one that the month''s does not allow keeps waiting, waiting / budget.';

revoke execute on function etl_api.allocate_source_runs(text, uuid[], uuid[], int[]) from public;
grant execute on function etl_api.allocate_source_runs(text, uuid[], uuid[], int[]) to service_role;
