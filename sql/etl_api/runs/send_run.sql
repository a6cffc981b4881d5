create or replace function etl_api.send_run(worker text, run_id uuid) returns uuid
language plpgsql
set search_path = ''
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  run record;
  parts text[];
  filled record;
  sent_id uuid;
begin
  select q.org_id, q.workflow_request_id, q.activity_request_id, q.source_id, q.object_id, asking.config,
    s.run_request_template as template, s.cost_per_run as cost, s.timeout_seconds,
    o.natural_key as object, exists (select from public.value as v where v.object_id = q.object_id) as has_values
    into run
  from public.run_queue as q
  join public.activity_request as asking on asking.id = q.activity_request_id
  join public.source as s on s.id = q.source_id
  left join public.object as o on o.id = q.object_id and o.org_id = q.org_id
  where q.id = run_id;
  parts := utils.cut_template(run.template);
  if run.cost > 0 or parts is null then
    return null;
  end if;

  if run.has_values and pg_catalog.cardinality(parts) > 1 then
    run.object := run.object || (select known."values" from etl_api.object_values(array[run.object_id]) as known);
  end if;
  filled := utils.fill_placeholders(parts,
    case when run.object is null then '{}' else pg_catalog.jsonb_build_object('object', run.object) end);
  -- Whatever else the template asks for is not there, and so missing.
  if filled.request is null then
    return null;
  end if;

  sent_id := utils.new_id();
  insert into public.run_request
    (id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, attempts, cost,
     state, state_via, due_at, lease_until, lease_token, worker, created_at, claimed_at, request)
  values
    (sent_id, run.org_id, run.workflow_request_id, run.activity_request_id, run.source_id, 'run', sent_id, 1, run.cost,
     'in_progress', '{new,valid,ready}', moment,
     moment + etl_api.time_limit(null, 'lease_seconds') + pg_catalog.make_interval(secs => run.timeout_seconds),
     pg_catalog.gen_random_uuid(), send_run.worker, moment, moment, filled.request);

  update public.run_queue as q
  set state = 'in_progress',
      state_via = case when q.state = 'waiting' then '{ready}'::public.run_queue_state[] end,
      state_substate = null,
      error = null,
      run_request_id = sent_id,
      timeout_at = moment + etl_api.time_limit(run.config, 'run_timeout_seconds'),
      finished_at = null
  where q.id = run_id;
  perform etl_api.add_org_counts(array[run.org_id], runs => '{1}');
  return sent_id;
end
$$;

comment on function etl_api.send_run(text, uuid) is
  'As send_runs, for one run, in a few short statements: what one request costs on an idle system is the start of its statements. Null, and nothing done, when it is not the plain case: it has a cost, its template asks for more than the object, or cannot be filled. The caller holds the row of the run.';

revoke execute on function etl_api.send_run(text, uuid) from public;
grant execute on function etl_api.send_run(text, uuid) to service_role;
