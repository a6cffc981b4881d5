create or replace function etl_api.create_search_runs(activity_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  guarded constant boolean := etl_api.has_factors(activity_request_ids, true);
  moment constant timestamptz := utils.now();
  created int;
begin
  -- A search asks its first source, and the next one only when all that was asked has ended with no object.
  insert into public.run_queue
    (org_id, workflow_request_id, activity_request_id, source_id, object_id, datapoint_ids, priority,
     state, state_via, state_substate, due_at, created_at)
  select ar.org_id, ar.workflow_request_id, ar.id, next.source_id, input.object_id, ar.datapoint_ids, w.priority,
    'waiting', '{new,valid}', 'allocation', moment, moment
  -- offset 0 keeps look-ups by key from becoming joins, whatever the planner thinks of the size of a table.
  from unnest(activity_request_ids) as i (id)
  cross join lateral (
    select r.id, r.org_id, r.workflow_request_id, r.source_ids, r.datapoint_ids
    from public.activity_request as r
    where r.id = i.id
    offset 0
  ) as ar
  cross join lateral (
    select r.priority
    from public.workflow_request as r
    where r.id = ar.workflow_request_id
      and r.org_id = ar.org_id
      and r.replay = 0
    offset 0
  ) as w
  cross join lateral (
    select s.id as source_id
    from unnest(ar.source_ids) with ordinality as s (id, place)
    where not exists (
      select 1
      from public.run_queue as asked
      where asked.activity_request_id = ar.id
        and asked.source_id = s.id)
    order by s.place
    limit 1
  ) as next
  left join lateral (
    select r.object_id, r.ordinal
    from public.activity_object as r
    where r.activity_request_id = ar.id
      and r.role = 'input'
    offset 0
  ) as input on true
  where not exists (
      select 1
      from public.activity_object as found
      where found.activity_request_id = ar.id
        and found.role = 'result'
      offset 0)
    and not exists (
      select 1
      from public.run_queue as open
      where open.activity_request_id = ar.id
        and open.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
      offset 0)
    -- Asked for the objects of another activity that gave none: there is nothing to search for.
    and (input.object_id is not null or not exists (
      select 1
      from public.activity_dependency as d
      where d.activity_request_id = ar.id
      offset 0))
    and not (guarded and input.object_id is not null and exists (
      select 1
      from public.guardrail_refusal as refused
      where refused.activity_request_id = ar.id
        and refused.object_id = input.object_id
        and refused.stage = 'before_run'
      offset 0))
  order by input.ordinal
  on conflict do nothing;
  get diagnostics created = row_count;
  return created;
end
$$;

comment on function etl_api.create_search_runs(uuid[]) is
  'Creates the runs of searches: one per input object that no guardrail refused, or a single one when there is none, for the first source not asked yet. Returns how many.';

revoke execute on function etl_api.create_search_runs(uuid[]) from public;
grant execute on function etl_api.create_search_runs(uuid[]) to service_role;
