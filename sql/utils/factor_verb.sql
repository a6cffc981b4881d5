create or replace function utils.factor_verb(word text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  -- update, updates, updating; publish, publishes, publishing; shipping (ship); supply, supplies.
  select v.verb
  from pg_catalog.unnest(pg_catalog.string_to_array(
    'accept access achieve acquire adopt advertise allow analyze announce answer apply attend audit bill blog book bring '
    'build buy call change charge check choose collect communicate comment complete connect consume contact create decide '
    'deliver deploy develop donate download email employ engage enter exhibit expand export fail file fix follow fund '
    'grow hire host implement import improve increase innovate integrate invest invoice issue join launch lead learn leave '
    'license list maintain make manage market measure meet merge migrate modify monitor move need offer onboard open '
    'operate order organize outsource own participate partner patch pay perform pitch plan post produce promote protect '
    'provide publish purchase pursue raise reach rebrand recruit refresh refuse release renew rent reorder reply report '
    'require research respond restructure review run search sell send serve share ship source speak spend sponsor store '
    'struggle subscribe succeed supply support switch teach test trade train transact travel tweet update upgrade '
    'upload use verify visit want win work write', ' ')) as v (verb)
  where pg_catalog.lower(word) = any (array[
    v.verb,
    v.verb || 's',
    v.verb || 'es',
    v.verb || 'ing',
    pg_catalog.regexp_replace(v.verb, 'e$', '') || 'ing',
    v.verb || pg_catalog."right"(v.verb, 1) || 'ing',
    pg_catalog.regexp_replace(v.verb, 'y$', '') || 'ies'])
  order by pg_catalog.length(v.verb)
  limit 1
$$;

comment on function utils.factor_verb(text) is
  'The verb that a word of a datapoint''s name is a form of: updates and updating are update; null when it is none that is known.';

revoke execute on function utils.factor_verb(text) from public;
grant execute on function utils.factor_verb(text) to authenticated, service_role;
