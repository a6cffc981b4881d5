create or replace function utils.compare_value(
  value jsonb, operator public.operator_enum, operand text, value_type text)
returns boolean
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  kind constant text := utils.factor_kind(null, value_type, operator, operand);
  ready record;
begin
  ready := utils.factor_operand(operator, operand, kind);
  if ready.fault is not null
    or operator is null
    or operator <> all (coalesce(utils.factor_operators(kind), '{}'))
  then
    return null;
  end if;
  return utils.factor_met(value, operator, kind, ready.items, ready.spans);
end
$$;

comment on function utils.compare_value(jsonb, public.operator_enum, text, text) is
  'Whether a value of a value_type meets operator and operand; null when that is not decidable: the value is missing (unless is_null or is_not_null asks), it or the operand is not of the type, or the operator makes no sense for it.';

revoke execute on function utils.compare_value(jsonb, public.operator_enum, text, text) from public;
grant execute on function utils.compare_value(jsonb, public.operator_enum, text, text) to authenticated, service_role;
