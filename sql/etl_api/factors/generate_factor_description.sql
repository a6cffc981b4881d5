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
  -- The blanks of Unicode, which not every locale counts among [[:space:]].
  blanks constant text := '[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]';
  owner constant text := coalesce(
    utils.factor_words(pg_catalog.regexp_replace(object_type_name, blanks, ' ', 'g')), 'object');
  name constant text := pg_catalog.regexp_replace(datapoint_name, blanks, ' ', 'g');
begin
  -- A sentence comes of whatever is given: it stands in refusals, where there is no time for questions.
  if is_guardrail is not false then
    return utils.factor_guardrail(coalesce(factor_type, 'option'), owner, name, coalesce(operator_name, 'equals'),
      pg_catalog.regexp_replace(value, blanks, ' ', 'g'));
  end if;
  return utils.factor_question(coalesce(factor_type, 'option'), owner, name);
end
$$;

comment on function public.generate_factor_description(public.factor_type_enum, text, text, public.operator_enum, text, boolean) is
  'The sentence of a factor in English: of a guardrail "Company''s employees is more than 100", of a use case "How many employees does the company have?". Never null or empty.';

revoke execute on function public.generate_factor_description(public.factor_type_enum, text, text, public.operator_enum, text, boolean)
from public, anon;
grant execute on function public.generate_factor_description(public.factor_type_enum, text, text, public.operator_enum, text, boolean)
to authenticated, service_role;
