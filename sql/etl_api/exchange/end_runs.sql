create or replace function etl_api.end_runs(root_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  ended record;
begin
  -- A chain failed when any of its requests did; what its other pages brought is kept all the same.
  select
    pg_catalog.array_agg(q.id) as run_ids,
    pg_catalog.array_agg(bad.state_substate) as codes,
    pg_catalog.array_agg(bad.error) as errors,
    pg_catalog.array_agg(case
      when bad.state_substate is null and ar.result_role = 'input' and not exists (
        select 1
        from public.value as v
        where v.object_id = q.object_id
          and v.source_id = q.source_id
          and v.datapoint_id = any (q.datapoint_ids)
          and v.observed_at >= q.created_at
        offset 0) then
        case when etl_api.run_was_refused(q.activity_request_id, root.id, q.object_id) then 'refused' else 'no_value' end
      when bad.state_substate is null and ar.result_role = 'result'
        and etl_api.run_was_refused(q.activity_request_id, root.id) then 'refused'
    end) as substates,
    pg_catalog.array_agg(distinct q.activity_request_id) as activity_ids,
    pg_catalog.array_agg(distinct q.activity_request_id) filter (where ar.result_role = 'result') as search_ids,
    pg_catalog.array_agg(q.activity_request_id) filter (where ar.result_role = 'input') as asking_ids,
    pg_catalog.array_agg(q.object_id) filter (where ar.result_role = 'input') as object_ids
  into ended
  from unnest(root_ids) as root (id)
  cross join lateral (
    select run.*
    from public.run_queue as run
    where run.run_request_id = root.id
    offset 0
  ) as q
  cross join lateral (
    select of_run.result_role
    from public.activity_request as of_run
    where of_run.id = q.activity_request_id
    offset 0
  ) as ar
  left join lateral (
    select r.state_substate, r.error
    from public.run_request as r
    where r.root_id = root.id
      and r.state in ('failed', 'invalid', 'timedout')
    order by r.id
    limit 1
  ) as bad on true
  where q.state = 'in_progress';
  if ended.run_ids is null then
    return '{}'::uuid[];
  end if;

  update public.run_queue as q
  set state = case when e.code is null then 'done' else 'failed' end::public.run_queue_state,
      state_via = null,
      state_substate = coalesce(e.code, e.substate),
      error = e.error,
      finished_at = moment
  from (
    select t.*
    from unnest(ended.run_ids, ended.codes, ended.substates, ended.errors) as t (id, code, substate, error)
    -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
    limit pg_catalog.cardinality(ended.run_ids)
  ) as e
  where q.id = e.id;

  -- What is still missing of these objects goes to the next source at once, while others are still out; a search that
  -- is over and found nothing asks its next one.
  if ended.object_ids is not null then
    perform etl_api.create_run(ended.asking_ids, ended.object_ids);
  end if;
  if ended.search_ids is not null then
    perform etl_api.create_run(ended.search_ids);
  end if;
  return ended.activity_ids;
end
$$;

comment on function etl_api.end_runs(uuid[]) is
  'Ends the runs carried by these chains of HTTP requests (run_request.root_id), done (no_value when nothing came of what was asked for, refused when guardrails refused all that came) or failed as their requests did, and creates the runs needed next: of the waterfall for their objects, and of searches that found nothing. Returns the activity requests concerned. The caller holds the workflow locks.';

revoke execute on function etl_api.end_runs(uuid[]) from public;
grant execute on function etl_api.end_runs(uuid[]) to service_role;
