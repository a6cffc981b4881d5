create or replace function utils.factor_guardrail(
  factor_type public.factor_type_enum, owner text, datapoint_name text, operator public.operator_enum, value text)
returns text
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  subject constant text := pg_catalog.upper(pg_catalog."left"(owner, 1)) || pg_catalog.substr(owner, 2);
  expected boolean;
  predicate record;
begin
  if factor_type = 'boolean' and operator in ('equals', 'not_equals', 'is_null', 'is_not_null') then
    predicate := utils.factor_predicate(utils.factor_words(datapoint_name));
    expected := utils.parse_boolean(coalesce(nullif(pg_catalog.btrim(value), ''), 'true')) = (operator = 'equals');
    if operator in ('is_null', 'is_not_null') then
      return pg_catalog.format('Whether the %s %s is %s', owner, predicate.yes,
        case operator when 'is_null' then 'not known' else 'known' end);
    elsif expected is not null then
      return subject || ' ' || case when expected then predicate.yes else predicate.no end;
    end if;
  end if;
  -- A guardrail names the datapoint as it is called, so whoever reads a refusal finds it.
  return pg_catalog.concat_ws(' ',
    subject || coalesce('''s ' || nullif(pg_catalog.btrim(
      pg_catalog.regexp_replace(datapoint_name, '[[:space:][:cntrl:]]+', ' ', 'g')), ''), ''),
    utils.factor_phrase(factor_type, operator),
    utils.factor_value_words(factor_type, operator, value));
end
$$;

comment on function utils.factor_guardrail(public.factor_type_enum, text, text, public.operator_enum, text) is
  'The sentence of a guardrail: "Company''s employees is more than 100", "Company is not public".';

revoke execute on function utils.factor_guardrail(public.factor_type_enum, text, text, public.operator_enum, text) from public;
grant execute on function utils.factor_guardrail(public.factor_type_enum, text, text, public.operator_enum, text) to authenticated, service_role;
