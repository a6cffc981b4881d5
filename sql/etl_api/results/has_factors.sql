create or replace function etl_api.has_factors(activity_request_ids uuid[], guardrails boolean) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
    select 1
    from (
      select distinct ar.activity_id, ar.org_id
      from public.activity_request as ar
      where ar.id = any (activity_request_ids)
    ) as a
    join public.factor as f
      on f.activity_id = a.activity_id
      and f.is_guardrail = guardrails
      and f.datapoint_id is not null
      and (f.org_id is null or f.org_id = a.org_id));
end
$$;

comment on function etl_api.has_factors(uuid[], boolean) is
  'Whether any of these activity requests has a guardrail (or, with false, a use case) that speaks of a datapoint: what only these need is left out where there is none.';

revoke execute on function etl_api.has_factors(uuid[], boolean) from public;
grant execute on function etl_api.has_factors(uuid[], boolean) to service_role;
