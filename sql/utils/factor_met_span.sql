create or replace function utils.factor_met_span(span numeric[], operator public.operator_enum, spans numeric[])
returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  first constant numeric := span[1];
  last constant numeric := span[2];
begin
  -- A span that lies partly inside is not decidable: "2020" may or may not be after June 2020.
  case operator
    when 'greater_than' then
      return case when first > spans[2] then true when last <= spans[2] then false end;
    when 'greater_equal' then
      return case when first >= spans[1] then true when last < spans[1] then false end;
    when 'less_than' then
      return case when last < spans[1] then true when first >= spans[1] then false end;
    when 'less_equal' then
      return case when last <= spans[2] then true when first > spans[2] then false end;
    when 'equals', 'between' then
      return case when first >= spans[1] and last <= spans[2] then true when last < spans[1] or first > spans[2] then false end;
    when 'not_equals' then
      return not utils.factor_met_span(span, 'equals', spans);
    when 'in' then
      return (
        select pg_catalog.bool_or(utils.factor_met_span(span, 'equals', spans[2 * i - 1 : 2 * i]))
        from pg_catalog.generate_series(1, pg_catalog.cardinality(spans) / 2) as i);
    when 'not_in' then
      return not utils.factor_met_span(span, 'in', spans);
    else
      return null;
  end case;
end
$$;

comment on function utils.factor_met_span(numeric[], public.operator_enum, numeric[]) is
  'Whether a span meets a factor whose value was made ready by utils.factor_operand; null when that is not decidable.';

revoke execute on function utils.factor_met_span(numeric[], public.operator_enum, numeric[]) from public;
grant execute on function utils.factor_met_span(numeric[], public.operator_enum, numeric[]) to authenticated, service_role;
