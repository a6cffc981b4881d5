create or replace function public.generate_factor_description(
  factor_type public.factor_type_enum,
  object_type_name text,
  datapoint_name text,
  operator_name public.operator_enum,
  value text,
  is_guardrail boolean default true)
returns text
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  owner constant text := coalesce(utils.factor_words(object_type_name), 'object');
begin
  -- A sentence comes of whatever is given: it stands in refusals, where there is no time for questions.
  if is_guardrail is not false then
    return utils.factor_guardrail(
      coalesce(factor_type, 'option'), owner, datapoint_name, coalesce(operator_name, 'equals'), value);
  end if;
  return utils.factor_question(coalesce(factor_type, 'option'), owner, datapoint_name);
end
$$;

comment on function public.generate_factor_description(public.factor_type_enum, text, text, public.operator_enum, text, boolean) is
  'The sentence of a factor in English: of a guardrail "Company''s employees is more than 100", of a use case "How many employees does the company have?". Never null or empty.';

revoke execute on function public.generate_factor_description(public.factor_type_enum, text, text, public.operator_enum, text, boolean)
from public, anon;
grant execute on function public.generate_factor_description(public.factor_type_enum, text, text, public.operator_enum, text, boolean)
to authenticated, service_role;
