-- A text may hold a number, a date or a frequency: then the factor says as what it is compared. Only operators of
-- equality and order ask for it, and only where the factor's own value is of that kind.
create or replace function utils.factor_kind(
  factor_type public.factor_type_enum, value_type text, operator public.operator_enum, operand text)
returns text
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  is_order constant boolean := operator in ('greater_than', 'greater_equal', 'less_than', 'less_equal', 'between');
  items text[];
  kind text;
begin
  if value_type is distinct from 'text' or not (is_order or operator in ('equals', 'not_equals', 'in', 'not_in')) then
    return value_type;
  elsif (factor_type = 'boolean' and (is_order or (operand is null and operator in ('equals', 'not_equals'))))
    or factor_type = 'place' or (factor_type = 'similarity' and not is_order)
  then
    return factor_type;
  end if;
  items := case when operator in ('in', 'not_in') then utils.factor_items(operand)
    when operator = 'between' then utils.factor_bounds(operand) else array[operand] end;
  foreach kind in array case
    when factor_type = 'volume' then '{number}'::text[]
    when factor_type = 'boolean' then '{boolean}'
    when factor_type = 'time' then '{date,timestamp}'
    when factor_type = 'frequency' then '{frequency,number}'
    when factor_type = 'similarity' then '{number}'
    when is_order then '{number,date,timestamp,frequency}'
    else '{}' end
  loop
    if not exists (
      select
      from pg_catalog.unnest(items) as i (item)
      where utils.factor_span(pg_catalog.to_jsonb(i.item), kind) is null
        or (kind = 'date' and i.item ~ ':'))
      and pg_catalog.cardinality(items) > 0
    then
      return kind;
    end if;
  end loop;
  return case
    when not is_order then 'text'
    when factor_type = 'volume' then 'number'
    when factor_type = 'time' then 'timestamp'
    when factor_type in ('frequency', 'similarity') then factor_type::text
    else 'text'
  end;
end
$$;

comment on function utils.factor_kind(public.factor_type_enum, text, public.operator_enum, text) is
  'As what a factor compares: the value_type, or for a text number, boolean, date, timestamp, frequency, place or similarity where factor type and value say so.';

revoke execute on function utils.factor_kind(public.factor_type_enum, text, public.operator_enum, text) from public;
grant execute on function utils.factor_kind(public.factor_type_enum, text, public.operator_enum, text) to authenticated, service_role;
