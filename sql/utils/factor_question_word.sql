create or replace function utils.factor_question_word(factor_type public.factor_type_enum)
returns public.factor_type_description
language sql immutable strict parallel safe
set search_path = ''
as $$
  select case factor_type
    when 'volume' then 'How many'
    when 'boolean' then 'Is'
    when 'option' then 'What'
    when 'time' then 'When'
    when 'place' then 'Where'
    when 'frequency' then 'How often'
    when 'reason' then 'Why'
    when 'entity' then 'What'
    when 'similarity' then 'How similar'
  end::public.factor_type_description
$$;

comment on function utils.factor_question_word(public.factor_type_enum) is
  'The words with which the question of a factor type begins.';

revoke execute on function utils.factor_question_word(public.factor_type_enum) from public;
grant execute on function utils.factor_question_word(public.factor_type_enum) to authenticated, service_role;
