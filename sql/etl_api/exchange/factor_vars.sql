create or replace function etl_api.factor_vars(activity_id uuid, org_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select pg_catalog.jsonb_build_object(
      'criteria', coalesce(pg_catalog.jsonb_agg(f.fact order by f.created_at, f.id) filter (where not f.is_guardrail), '[]'),
      'factors', coalesce(pg_catalog.jsonb_agg(f.fact order by f.created_at, f.id), '[]'))
    from (
      select fa.id, fa.created_at, fa.is_guardrail,
        pg_catalog.jsonb_build_object(
          'factor_type', fa.factor_type,
          'object_type', t.name,
          'datapoint', d.name,
          'operator', fa.operator,
          'value', fa.value,
          'is_guardrail', fa.is_guardrail,
          'description', fa.description) as fact
      from public.factor as fa
      join public.object_type as t on t.id = fa.object_type_id
      left join public.datapoint as d on d.id = fa.datapoint_id
      where fa.activity_id = factor_vars.activity_id
        -- What an org adds to a shared activity is its own.
        and (fa.org_id is null or fa.org_id = factor_vars.org_id)
    ) as f);
end
$$;

comment on function etl_api.factor_vars(uuid, uuid) is
  'What <<$criteria>> (use cases) and <<$factors>> (use cases and guardrails) of an activity stand for in the requests of an org: lists of {factor_type, object_type, datapoint, operator, value, is_guardrail, description}.';

revoke execute on function etl_api.factor_vars(uuid, uuid) from public;
grant execute on function etl_api.factor_vars(uuid, uuid) to service_role;
