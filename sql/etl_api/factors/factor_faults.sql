create or replace function etl_api.factor_faults(factor_ids uuid[])
returns table (factor_id uuid, field text, fault text)
language sql stable
set search_path = ''
as $$
  -- A factor without datapoint speaks of nothing that can be measured, so it cannot be wrong.
  select f.id, e.field, e.fault
  from public.factor as f
  join public.datapoint as d on d.id = f.datapoint_id
  cross join lateral (
    select utils.factor_kind(f.factor_type, d.value_type, f.operator, f.value) as kind
  ) as k
  cross join lateral (
    select 'datapoint_id' as field, case when d.object_type_id <> f.object_type_id then pg_catalog.format(
      '%s is no datapoint of the factor''s object type: name one of that type, or change object_type_id', d.name) end as fault
    union all
    select 'operator', pg_catalog.format('%s makes no sense for %s, which is %s: use one of %s', f.operator, d.name,
      case when f.operator = any (utils.factor_operators(d.value_type)) then 'the ' || k.kind || ' of a factor' else d.value_type end,
      pg_catalog.array_to_string(utils.factor_operators(k.kind), ', '))
    where f.operator <> all (utils.factor_operators(d.value_type))
      or f.operator <> all (utils.factor_operators(k.kind))
    union all
    select 'value', pg_catalog.format('%s (%s, %s)', o.fault, d.name, k.kind)
    from utils.factor_operand(f.operator, f.value, k.kind) as o
    where o.fault is not null
  ) as e
  where f.id = any (factor_ids)
    and e.fault is not null
$$;

comment on function etl_api.factor_faults(uuid[]) is
  'What is wrong with factors: an operator that makes no sense for the datapoint''s value_type, a value that is missing, not of the type or a dangerous pattern, a datapoint of another type. One row per fault.';

revoke execute on function etl_api.factor_faults(uuid[]) from public;
grant execute on function etl_api.factor_faults(uuid[]) to service_role;
