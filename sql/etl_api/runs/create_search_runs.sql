create or replace function etl_api.create_search_runs(activity_request_ids uuid[]) returns int
language plpgsql
set search_path = ''
as $$
declare
  guarded constant boolean := etl_api.has_factors(activity_request_ids, true);
  created int;
begin
  -- A search asks its first source, and the next one only when all that was asked has ended with no object.
  insert into public.run_queue
    (org_id, workflow_request_id, activity_request_id, source_id, object_id, datapoint_ids, priority,
     state, state_via, state_substate, due_at, created_at)
  select ar.org_id, ar.workflow_request_id, ar.id, next.source_id, input.object_id, ar.datapoint_ids, w.priority,
    'waiting', '{new,valid}', 'allocation', utils.now(), utils.now()
  from unnest(activity_request_ids) as i (id)
  join public.activity_request as ar on ar.id = i.id
  join public.workflow_request as w
    on w.id = ar.workflow_request_id
    and w.org_id = ar.org_id
    and w.replay = 0
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
  left join public.activity_object as input
    on input.activity_request_id = ar.id
    and input.role = 'input'
  where not exists (
      select 1
      from public.activity_object as found
      where found.activity_request_id = ar.id
        and found.role = 'result')
    and not exists (
      select 1
      from public.run_queue as open
      where open.activity_request_id = ar.id
        and open.state in ('new', 'valid', 'waiting', 'ready', 'in_progress'))
    -- Asked for the objects of another activity that gave none: there is nothing to search for.
    and (input.object_id is not null or not exists (
      select 1
      from public.activity_dependency as d
      where d.activity_request_id = ar.id))
    and not (guarded and input.object_id is not null and exists (
      select 1
      from public.guardrail_refusal as refused
      where refused.activity_request_id = ar.id
        and refused.object_id = input.object_id
        and refused.stage = 'before_run'))
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
