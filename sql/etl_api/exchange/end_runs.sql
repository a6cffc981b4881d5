create or replace function etl_api.end_runs(root_ids uuid[], activity_request_ids uuid[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  ended record;
begin
  -- "offset 0" keeps look-ups by key from becoming joins over the table.
  with ending as materialized (
    select q.id, q.activity_request_id, q.object_id, ar.result_role, bad.state_substate as code, bad.error,
      case
        when bad.state_substate is not null then null
        when ar.result_role = 'input' then case
          when exists (
            select 1
            from public.value as v
            where v.object_id = q.object_id
              and v.source_id = q.source_id
              and v.datapoint_id = any (q.datapoint_ids)
              and v.observed_at >= q.created_at
            offset 0) then null
          when etl_api.run_was_refused(q.activity_request_id, root.id, q.object_id) then 'refused'
          else 'no_value' end
        when ar.result_role = 'result' and etl_api.run_was_refused(q.activity_request_id, root.id) then 'refused'
      end as substate
    from unnest(root_ids, activity_request_ids) as root (id, activity_request_id)
    cross join lateral (
      select pg_catalog.bool_or(r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')) as is_open,
        pg_catalog.bool_or(r.state in ('failed', 'invalid', 'timedout')) as has_failed
      from public.run_request as r
      where r.activity_request_id = root.activity_request_id
        and r.root_id = root.id
    ) as chain
    -- A chain failed when any of its requests did; what its other pages brought is kept all the same.
    left join lateral (
      select failed.*
      from (
        select r.state_substate, r.error
        from public.run_request as r
        where r.activity_request_id = root.activity_request_id
          and r.root_id = root.id
          and r.state in ('failed', 'invalid', 'timedout')
        order by r.id
        limit 1
      ) as failed
      where chain.has_failed
    ) as bad on true
    cross join lateral (
      select run.*
      from public.run_queue as run
      where run.run_request_id = root.id
        and run.state <> 'done'
      offset 0
    ) as q
    cross join lateral (
      select asking.result_role
      from public.activity_request as asking
      where asking.id = q.activity_request_id
      offset 0
    ) as ar
    where not chain.is_open
      and q.state = 'in_progress'
  ),
  written as (
    update public.run_queue as q
    set state = case when e.code is null then 'done'::public.run_queue_state else 'failed' end,
        state_via = null,
        state_substate = coalesce(e.code, e.substate),
        error = e.error,
        finished_at = moment
    -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
    from (select * from ending limit (select pg_catalog.count(*) from ending)) as e
    where q.id = e.id
  )
  select pg_catalog.array_agg(distinct e.activity_request_id) as activity_ids,
    pg_catalog.array_agg(distinct e.activity_request_id) filter (where e.result_role = 'result') as search_ids,
    pg_catalog.array_agg(e.activity_request_id) filter (where e.result_role = 'input') as asking_ids,
    pg_catalog.array_agg(e.object_id) filter (where e.result_role = 'input') as object_ids
  into ended
  from ending as e;
  if ended.activity_ids is null then
    return '{}'::uuid[];
  end if;

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

comment on function etl_api.end_runs(uuid[], uuid[]) is
  'Ends the runs carried by those of these chains of HTTP requests (run_request.root_id, and the activity request of each) of which none is open, done (no_value when nothing came of what was asked for, refused when guardrails refused all that came) or failed as their requests did, and creates the runs needed next: of the waterfall for their objects, and of searches that found nothing. Returns the activity requests concerned. The caller holds the workflow locks.';

revoke execute on function etl_api.end_runs(uuid[], uuid[]) from public;
grant execute on function etl_api.end_runs(uuid[], uuid[]) to service_role;
