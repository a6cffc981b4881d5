create or replace function etl_api.factors_of(activity_request_ids uuid[], guardrails boolean)
returns table (
  activity_request_id uuid, factor_id uuid, object_type_id uuid, datapoint_id uuid, description text,
  operator public.operator_enum, kind text, items text[], spans numeric[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select ar.id, f.id, f.object_type_id, f.datapoint_id,
    coalesce(f.description, pg_catalog.concat_ws(' ', d.name, f.operator, f.value)),
    f.operator, k.kind, o.items, o.spans
  from public.activity_request as ar
  join public.factor as f
    on f.activity_id = ar.activity_id
    and f.is_guardrail = guardrails
    -- What an org adds to a shared activity is its own.
    and (f.org_id is null or f.org_id = ar.org_id)
  join public.datapoint as d on d.id = f.datapoint_id
  cross join lateral (select utils.factor_kind(f.factor_type, d.value_type, f.operator, f.value) as kind) as k
  cross join lateral utils.factor_operand(f.operator, f.value, k.kind) as o
  where ar.id = any (activity_request_ids)
    and o.fault is null;
end
$$;

comment on function etl_api.factors_of(uuid[], boolean) is
  'The guardrails (or, with false, the use cases) of activity requests that speak of a datapoint, with the sentence and what utils.factor_met takes. A factor without a datapoint decides nothing.';

revoke execute on function etl_api.factors_of(uuid[], boolean) from public;
grant execute on function etl_api.factors_of(uuid[], boolean) to service_role;
