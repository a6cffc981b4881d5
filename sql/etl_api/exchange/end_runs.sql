create or replace function etl_api.end_runs(root_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  activity_ids uuid[];
  asking_ids uuid[];
  object_ids uuid[];
begin
  -- A chain failed when any of its requests did; what its other pages brought is kept all the same.
  with fate as materialized (
    select root.id as root_id, bad.state_substate as code, bad.error
    from unnest(root_ids) as root (id)
    left join lateral (
      select r.state_substate, r.error
      from public.run_request as r
      where r.root_id = root.id
        and r.state in ('failed', 'invalid', 'timedout')
      order by r.id
      limit 1
    ) as bad on true
  ),
  ended as (
    update public.run_queue as q
    set state = case when f.code is null then 'done' else 'failed' end::public.run_queue_state,
        state_via = null,
        state_substate = case
          when f.code is not null then f.code
          when ar.result_role = 'input' and not exists (
            select 1
            from public.value as v
            where v.object_id = q.object_id
              and v.source_id = q.source_id
              and v.datapoint_id = any (q.datapoint_ids)
              and v.observed_at >= q.created_at) then
            case when etl_api.run_was_refused(ar.id, q.run_request_id, q.object_id) then 'refused' else 'no_value' end
          when ar.result_role = 'result' and etl_api.run_was_refused(ar.id, q.run_request_id) then 'refused'
        end,
        error = f.error,
        finished_at = utils.now()
    from fate as f, public.activity_request as ar
    where q.run_request_id = any (root_ids)
      and q.run_request_id = f.root_id
      and q.state = 'in_progress'
      and ar.id = q.activity_request_id
    returning q.activity_request_id, q.object_id, case when ar.state = 'in_progress' then ar.result_role end as result_role
  )
  select pg_catalog.array_agg(distinct e.activity_request_id),
    pg_catalog.array_agg(e.activity_request_id) filter (where e.result_role = 'input'),
    pg_catalog.array_agg(e.object_id) filter (where e.result_role = 'input')
  into activity_ids, asking_ids, object_ids
  from ended as e;

  -- What is still missing of these objects goes to the next source at once, while others are still out.
  if object_ids is not null then
    perform etl_api.create_run(asking_ids, object_ids);
  end if;
  return coalesce(activity_ids, '{}');
end
$$;

comment on function etl_api.end_runs(uuid[]) is
  'Ends the runs carried by these chains of HTTP requests (run_request.root_id), done (no_value when nothing came of what was asked for, refused when guardrails refused all that came) or failed as their requests did, and creates the next runs of the waterfall for their objects. Returns the activity requests concerned. The caller holds the workflow locks.';

revoke execute on function etl_api.end_runs(uuid[]) from public;
grant execute on function etl_api.end_runs(uuid[]) to service_role;
