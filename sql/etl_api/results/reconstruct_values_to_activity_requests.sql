create or replace function etl_api.reconstruct_values_to_activity_requests(activity_request_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  moment constant timestamptz := utils.now();
  has_factors constant boolean := etl_api.has_factors(activity_request_ids);
  guarded constant boolean := has_factors and etl_api.has_factors(activity_request_ids, true);
begin
  if has_factors and etl_api.has_factors(activity_request_ids, false) then
    perform etl_api.rank_found_objects(activity_request_ids);
  end if;

  insert into public.activity_result (activity_request_id, org_id, objects, refusals, summary, created_at)
  select built.activity_request_id, built.org_id, built.objects, coalesce(refused.json -> 'first', '[]'),
    pg_catalog.jsonb_build_object(
      'objects', built.count,
      'values', built."values",
      'missing', built.missing,
      'refused', coalesce(refused.json -> 'count', '0'),
      'runs', coalesce(runs.by_state, '{}'))
    || case when built.new is not null then pg_catalog.jsonb_build_object(
      'new', built.new,
      'known', built.count - built.new) else '{}' end,
    moment
  from etl_api.result_objects(activity_request_ids, guarded) as built
  cross join lateral (
    select case when guarded then etl_api.activity_refusals(built.activity_request_id) end as json
  ) as refused
  cross join lateral (
    select pg_catalog.jsonb_object_agg(s.state, s.count) as by_state
    from (
      select q.state, pg_catalog.count(*) as count
      from public.run_queue as q
      where q.activity_request_id = built.activity_request_id
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
