create or replace function utils.factor_plural(name text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  words constant text := pg_catalog.regexp_replace(name, '^(total )?(number of|count of|num|nr of) (?=.)', '', 'i');
  counted constant text := pg_catalog."substring"(words, '^(.+) (?:count|number)$');
begin
  return case
    when counted is null then words
    when counted ~ '(^| )person$' then pg_catalog.regexp_replace(counted, 'person$', 'people')
    when counted ~ '[^s]s$' or counted ~ '(^| )(people|staff|children)$' then counted
    when counted ~ '(s|x|z|ch|sh)$' then counted || 'es'
    when counted ~ '[^aeiou]y$' then pg_catalog."left"(counted, -1) || 'ies'
    else counted || 's'
  end;
end
$$;

comment on function utils.factor_plural(text) is
  'What "How many" counts: employees, employee count and number of employees are all "employees".';

revoke execute on function utils.factor_plural(text) from public;
grant execute on function utils.factor_plural(text) to authenticated, service_role;
