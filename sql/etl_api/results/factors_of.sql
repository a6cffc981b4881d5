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
  from unnest(activity_request_ids) as i (id)
  -- Looked up by key, whatever a caller switches off: "offset 0" leaves nothing else.
  cross join lateral (
    select asking.id, asking.activity_id, asking.org_id
    from public.activity_request as asking
    where asking.id = i.id
    offset 0
  ) as ar
  cross join lateral (
    select known.*
    from public.factor as known
    where known.activity_id = ar.activity_id
      and known.is_guardrail = guardrails
      -- What an org adds to a shared activity is its own.
      and (known.org_id is null or known.org_id = ar.org_id)
    offset 0
  ) as f
  cross join lateral (
    select point.name, point.value_type
    from public.datapoint as point
    where point.id = f.datapoint_id
    offset 0
  ) as d
  cross join lateral (select utils.factor_kind(f.factor_type, d.value_type, f.operator, f.value) as kind) as k
  cross join lateral utils.factor_operand(f.operator, f.value, k.kind) as o
  where o.fault is null;
end
$$;

comment on function etl_api.factors_of(uuid[], boolean) is
  'The guardrails (or, with false, the use cases) of activity requests that speak of a datapoint, with the sentence and what utils.factor_met takes. A factor without a datapoint decides nothing.';

revoke execute on function etl_api.factors_of(uuid[], boolean) from public;
grant execute on function etl_api.factors_of(uuid[], boolean) to service_role;
