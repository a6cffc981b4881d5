create or replace function etl_api.send_runs(
  worker text, run_ids uuid[], run_items int[], source_ids uuid[], org_ids uuid[], workflow_request_ids uuid[],
  activity_request_ids uuid[], costs numeric[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  lease constant interval := etl_api.time_limit(null, 'lease_seconds');
  requests jsonb[];
  missing jsonb[];
  request_ids uuid[];
  verdicts text[];
  fates text[];
begin
  select pg_catalog.array_agg(r.request order by r.item), pg_catalog.array_agg(pg_catalog.to_jsonb(r.missing) order by r.item),
    pg_catalog.array_agg(utils.new_id() order by r.item)
  into requests, missing, request_ids
  from etl_api.render_requests(
    pg_catalog.array_fill('run'::text, array[pg_catalog.cardinality(source_ids)]), source_ids, activity_request_ids,
    pg_catalog.array_fill(null::text, array[pg_catalog.cardinality(source_ids)]),
    pg_catalog.array_fill(null::jsonb, array[pg_catalog.cardinality(source_ids)]),
    pg_catalog.array_fill(1, array[pg_catalog.cardinality(source_ids)]),
    run_items, run_ids) as r;

  -- Only what can be sent is paid for.
  if 0 < any (costs) then
    verdicts := etl_api.spend_budgets(org_ids, workflow_request_ids, array(
      select case when t.request is not null then t.cost end
      from unnest(costs, requests) with ordinality as t (cost, request, item)
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
    'in_progress', '{new,valid,ready}', moment, moment + lease + pg_catalog.make_interval(secs => s.timeout_seconds),
    pg_catalog.gen_random_uuid(), send_runs.worker, moment, moment
  from unnest(request_ids, org_ids, workflow_request_ids, activity_request_ids, source_ids, costs, fates)
    as t (id, org_id, workflow_request_id, activity_request_id, source_id, cost, fate)
  cross join lateral (select asked.timeout_seconds from public.source as asked where asked.id = t.source_id limit 1) as s
  where t.fate = 'sent';

  insert into public.run_request_payload (run_request_id, org_id, request)
  select t.id, t.org_id, t.request
  from unnest(request_ids, org_ids, requests, fates) as t (id, org_id, request, fate)
  where t.fate = 'sent';

  perform etl_api.settle_allocation(
    run_ids, run_items, org_ids, activity_request_ids, request_ids, fates, missing);
  return array(
    select t.id
    from unnest(request_ids, fates) as t (id, fate)
    where t.fate = 'sent');
end
$$;

comment on function etl_api.send_runs(text, uuid[], int[], uuid[], uuid[], uuid[], uuid[], numeric[]) is
  'Makes HTTP requests, already claimed by the worker, of runs: run_ids[i] goes with entry run_items[i] of the lists behind, which have one per request. Returns the ids of the requests. What cannot be sent is not: a run whose template cannot be filled becomes invalid / missing_value, one that its workflow''s budget does not allow invalid / budget_exceeded, one that the month''s does not allow keeps waiting, waiting / budget. The caller holds the rows of the runs.';

revoke execute on function etl_api.send_runs(text, uuid[], int[], uuid[], uuid[], uuid[], uuid[], numeric[]) from public;
grant execute on function etl_api.send_runs(text, uuid[], int[], uuid[], uuid[], uuid[], uuid[], numeric[]) to service_role;
