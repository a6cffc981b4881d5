create or replace function etl_api.send_runs(worker text, run_ids uuid[], run_items int[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment timestamptz;
  lease interval;
  usual_limit interval;
  outcome record;
  alone_id uuid;
begin
  if pg_catalog.cardinality(run_ids) = 1 then
    alone_id := etl_api.send_run(worker, run_ids[1]);
    if alone_id is not null then
      return array[alone_id];
    end if;
  end if;
  moment := utils.now();
  lease := etl_api.time_limit(null, 'lease_seconds');
  -- For those whose activity says nothing of its own.
  usual_limit := etl_api.time_limit(null, 'run_timeout_seconds');

  with rendered as materialized (
    select r.*, utils.new_id() as id, pg_catalog.row_number() over (order by r.item) as place
    from etl_api.render_requests(run_ids, run_items) as r
  ),
  -- Only what can be sent is paid for.
  paid as materialized (
    select etl_api.spend_budgets(
      pg_catalog.array_agg(r.org_id order by r.place), pg_catalog.array_agg(r.workflow_request_id order by r.place),
      pg_catalog.array_agg(case when r.request is not null then r.cost end order by r.place)) as verdicts
    from rendered as r
    having pg_catalog.bool_or(r.cost > 0)
  ),
  request as materialized (
    select r.*,
      case
        when r.request is null then 'missing_value'
        when r.cost > 0 then
          case (select paid.verdicts[r.place] from paid) when 'workflow' then 'budget_exceeded' when 'month' then 'budget' end
      end as refused
    from rendered as r
  ),
  sent as (
    insert into public.run_request
      (id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, attempts, cost,
       state, state_via, due_at, lease_until, lease_token, worker, created_at, claimed_at, request)
    select r.id, r.org_id, r.workflow_request_id, r.activity_request_id, r.source_id, 'run', r.id, 1, r.cost,
      'in_progress', '{new,valid,ready}', moment, moment + lease + pg_catalog.make_interval(secs => r.timeout_seconds),
      pg_catalog.gen_random_uuid(), send_runs.worker, moment, moment, r.request
    from request as r
    where r.refused is null
    returning id
  ),
  moved as (
    update public.run_queue as q
    set state = 'in_progress',
        state_via = case when q.state = 'waiting' then '{ready}'::public.run_queue_state[] end,
        state_substate = null,
        error = null,
        run_request_id = t.request_id,
        timeout_at = moment + t.time_limit,
        finished_at = null
    from (
      select carried.id, r.id as request_id, ar.time_limit
      from request as r
      cross join lateral (
        select case when asking.config ? 'run_timeout_seconds'
          then etl_api.time_limit(asking.config, 'run_timeout_seconds') else usual_limit end as time_limit
        from public.activity_request as asking
        where asking.id = r.activity_request_id
        offset 0
      ) as ar
      cross join lateral unnest(r.carried_ids) as carried (id)
      where r.refused is null
      -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
      limit pg_catalog.cardinality(run_ids)
    ) as t
    where q.id = t.id
      -- In the history a request stands before the runs that it carries.
      and (select pg_catalog.count(*) from sent) > 0
    returning q.org_id
  )
  select asked.*, counted.*
  into outcome
  from (
    select coalesce(pg_catalog.array_agg(r.id) filter (where r.refused is null), '{}') as sent_ids,
      pg_catalog.array_agg(r.item) filter (where r.refused is not null) as refused_items,
      pg_catalog.array_agg(r.refused) filter (where r.refused is not null) as fates,
      pg_catalog.array_agg(pg_catalog.to_jsonb(r.missing)) filter (where r.refused is not null) as missing
    from request as r
  ) as asked,
  (
    select pg_catalog.array_agg(by_org.org_id) as org_ids, pg_catalog.array_agg(by_org.runs) as runs
    from (select moved.org_id, pg_catalog.count(*) as runs from moved group by moved.org_id) as by_org
  ) as counted;

  if outcome.org_ids is not null then
    perform etl_api.add_org_counts(outcome.org_ids, runs => outcome.runs);
  end if;
  if outcome.refused_items is not null then
    perform etl_api.settle_unsent(run_ids, run_items, outcome.refused_items, outcome.fates, outcome.missing);
  end if;
  return outcome.sent_ids;
end
$$;

comment on function etl_api.send_runs(text, uuid[], int[]) is
  'Makes HTTP requests, already claimed by the worker, of runs: those with the same number in run_items go in one. Returns the ids of the requests. What cannot be sent is not: a run whose template cannot be filled becomes invalid / missing_value, one that its workflow''s budget does not allow invalid / budget_exceeded, one that the month''s does not allow keeps waiting, waiting / budget. The caller holds the rows of the runs.';

revoke execute on function etl_api.send_runs(text, uuid[], int[]) from public;
grant execute on function etl_api.send_runs(text, uuid[], int[]) to service_role;
