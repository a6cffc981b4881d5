-- PostgreSQL has no time limit inside a function, so a pattern is bounded before it is used. Its engine takes time
-- in proportion to the text, except for back-references (every split of the text is tried) and look-around (tried
-- from every character); nested counts make a pattern as large as their product.
create or replace function utils.factor_pattern_error(operator public.operator_enum, pattern text) returns text
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  bare constant text := pg_catalog.replace(pattern, '\\', '');
  size numeric;
begin
  if pattern is null or pattern = '' then
    return 'a pattern is missing';
  elsif pg_catalog.length(pattern) > 200 then
    return pg_catalog.format('a pattern has at most 200 characters, this one has %s', pg_catalog.length(pattern));
  elsif operator in ('like', 'ilike') then
    return case when bare like '%\\' then 'a pattern cannot end with a single backslash' end;
  elsif bare ~ '\\[1-9]' then
    return 'back-references such as \1 are not allowed, because they can take hours';
  elsif bare ~ '\(\?<?[=!]' then
    return 'look-around such as (?=…) is not allowed, because it can take hours';
  end if;
  select pg_catalog.exp(pg_catalog.sum(pg_catalog.ln(greatest(1, coalesce(nullif(c.count[2], ''), c.count[1])::numeric))))
  into size
  from pg_catalog.regexp_matches(bare, '\{([0-9]{1,4})(?:,([0-9]{0,4}))?\}', 'g') as c (count);
  if size > 256 then
    return 'the counts in braces multiply to more than 256';
  end if;
  perform '' ~ pattern;
  return null;
exception when invalid_regular_expression then
  return sqlerrm;
end
$$;

comment on function utils.factor_pattern_error(public.operator_enum, text) is
  'What is wrong with the pattern of like, ilike, regex or not_regex, in a sentence; null when it can be used.';

revoke execute on function utils.factor_pattern_error(public.operator_enum, text) from public;
grant execute on function utils.factor_pattern_error(public.operator_enum, text) to authenticated, service_role;
