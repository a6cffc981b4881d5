create or replace function etl_api.has_factors(activity_request_ids uuid[], guardrails boolean default null) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
    select 1
    from (
      -- Looked up by key, whatever the planner thinks of the tables: "offset 0" leaves nothing else.
      select distinct ar.activity_id, ar.org_id
      from unnest(activity_request_ids) as i (id)
      cross join lateral (
        select asking.activity_id, asking.org_id
        from public.activity_request as asking
        where asking.id = i.id
        offset 0
      ) as ar
      offset 0
    ) as a
    where exists (
      select 1
      from public.factor as f
      where f.activity_id = a.activity_id
        and f.is_guardrail = coalesce(guardrails, f.is_guardrail)
        and f.datapoint_id is not null
        and (f.org_id is null or f.org_id = a.org_id)
      offset 0));
end
$$;

comment on function etl_api.has_factors(uuid[], boolean) is
  'Whether any of these activity requests has a guardrail (with false: a use case; with null: either) that speaks of a datapoint: what only these need is left out where there is none.';

revoke execute on function etl_api.has_factors(uuid[], boolean) from public;
grant execute on function etl_api.has_factors(uuid[], boolean) to service_role;
