create or replace function etl_api.evaluate_factors(factor_ids uuid[], object_ids uuid[])
returns table (factor_id uuid, object_id uuid, value jsonb, met boolean)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- A factor's own value is made ready once, not once per object; best values are looked up once per object.
  return query
  with asked as materialized (
    select f.id, f.org_id, f.object_type_id, f.operator, d.name, k.kind, o.items, o.spans, o.fault
    from unnest(factor_ids) as i (id)
    join public.factor as f on f.id = i.id
    left join public.datapoint as d on d.id = f.datapoint_id
    cross join lateral (select utils.factor_kind(f.factor_type, d.value_type, f.operator, f.value) as kind) as k
    cross join lateral utils.factor_operand(f.operator, f.value, k.kind) as o
  ),
  known as materialized (
    select o.id, o.org_id, o.object_type_id, o.natural_key || v."values" as "values"
    from etl_api.object_values(object_ids) as v
    join public.object as o on o.id = v.object_id
  )
  select a.id, k.id, nullif(k."values" -> a.name, 'null'),
    case when s.speaks then utils.factor_met(k."values" -> a.name, a.operator, a.kind, a.items, a.spans) end
  from known as k
  cross join asked as a
  cross join lateral (
    -- A factor speaks of objects of its type and tenant, and only by a datapoint.
    select a.name is not null
      and a.fault is null
      and a.object_type_id = k.object_type_id
      and (a.org_id is null or a.org_id = k.org_id) as speaks) as s;
end
$$;

comment on function etl_api.evaluate_factors(uuid[], uuid[]) is
  'Every factor for every object, against the best known values: the value (null when none is known) and whether it meets the factor (null when that is not decidable, the factor has no datapoint or speaks of another type).';

revoke execute on function etl_api.evaluate_factors(uuid[], uuid[]) from public;
grant execute on function etl_api.evaluate_factors(uuid[], uuid[]) to service_role;
