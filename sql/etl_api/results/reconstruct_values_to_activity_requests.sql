create or replace function etl_api.reconstruct_values_to_activity_requests(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  guarded constant boolean := etl_api.has_factors(activity_request_ids, true);
begin
  if etl_api.has_factors(activity_request_ids, false) then
    perform etl_api.rank_found_objects(activity_request_ids);
  end if;

  insert into public.activity_result (activity_request_id, org_id, objects, refusals, summary, created_at)
  select ar.id, ar.org_id, built.objects, coalesce(refused.json -> 'first', '[]'),
    pg_catalog.jsonb_build_object(
      'objects', built.count,
      'values', built."values",
      'missing', built.missing,
      'refused', coalesce(refused.json -> 'count', '0'),
      'runs', coalesce(runs.by_state, '{}'))
    || case when ar.result_role = 'result' then pg_catalog.jsonb_build_object(
      'new', built.new,
      'known', built.count - built.new) else '{}' end,
    utils.now()
  from etl_api.result_objects(activity_request_ids, guarded) as built
  -- Looked up by key, whatever the planner thinks of the table: "offset 0" leaves nothing else.
  cross join lateral (
    select asking.id, asking.org_id, asking.result_role
    from public.activity_request as asking
    where asking.id = built.activity_request_id
    offset 0
  ) as ar
  cross join lateral (select case when guarded then etl_api.activity_refusals(ar.id) end as json) as refused
  cross join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.count) as by_state
    from (
      select q.state, pg_catalog.count(*) as count
      from public.run_queue as q
      where q.activity_request_id = ar.id
      group by q.state
    ) as s
  ) as runs
  on conflict (activity_request_id, org_id) do update
    set objects = excluded.objects,
        refusals = excluded.refusals,
        summary = excluded.summary,
        created_at = excluded.created_at;
end
$$;

comment on function etl_api.reconstruct_values_to_activity_requests(uuid[]) is
  'Rebuilds the results of activity requests from the values known now, with their provenance and what guardrails refused, into activity_result; what searches found is ranked first.';

revoke execute on function etl_api.reconstruct_values_to_activity_requests(uuid[]) from public;
grant execute on function etl_api.reconstruct_values_to_activity_requests(uuid[]) to service_role;
