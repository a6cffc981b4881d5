create or replace function utils.factor_question(factor_type public.factor_type_enum, owner text, datapoint_name text)
returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  question constant text := utils.factor_question_word(factor_type)::text;
  name constant text := utils.factor_words(datapoint_name);
  predicate record;
begin
  case factor_type
    when 'volume' then
      return pg_catalog.format('%s %sdoes the %s have?', question, utils.factor_plural(name) || ' ', owner);
    when 'boolean' then
      predicate := utils.factor_predicate(name);
      return pg_catalog.format('%s the %s %s?', predicate.ask, owner, predicate.rest);
    when 'time' then
      return pg_catalog.format('%s was the %s?', question, utils.factor_event(owner, name));
    when 'place' then
      return pg_catalog.format('%s is the %s?', question, utils.factor_site(owner, name));
    when 'frequency' then
      return utils.factor_action(question, owner, name, 'act');
    when 'reason' then
      return utils.factor_action(question, owner, name, 'qualify');
    when 'entity' then
      return pg_catalog.format('%s %sdoes the %s use?', question,
        pg_catalog.regexp_replace(name, ' (used|in use)$', '') || ' ', owner);
    else
      -- option: What is …; similarity: How similar is …
      return pg_catalog.format('%s is the %s%s?', question, owner, '''s ' || name);
  end case;
end
$$;

comment on function utils.factor_question(public.factor_type_enum, text, text) is
  'The sentence of a use case: "How many employees does the company have?".';

revoke execute on function utils.factor_question(public.factor_type_enum, text, text) from public;
grant execute on function utils.factor_question(public.factor_type_enum, text, text) to authenticated, service_role;
