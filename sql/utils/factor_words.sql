create or replace function utils.factor_words(name text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  -- founded_date, foundedDate and "Founded Date" are the same words; ARR and the LinkedIn of several words stay.
  select pg_catalog.string_agg(
    case when w.word ~ '^[[:upper:]][[:lower:]]*$' then pg_catalog.lower(w.word) else w.word end, ' ' order by w.place)
  from pg_catalog.regexp_split_to_table(
    case when name ~ '[[:space:]_-]' then pg_catalog."left"(name, 200)
      else pg_catalog.regexp_replace(pg_catalog."left"(name, 200), '([[:lower:]0-9])([[:upper:]])', '\1 \2', 'g') end,
    '[[:space:]_-]+') with ordinality as w (word, place)
  where w.word <> ''
$$;

comment on function utils.factor_words(text) is
  'A name as words of a sentence: separated by blanks, in lower case except abbreviations; null when there are none.';

revoke execute on function utils.factor_words(text) from public;
grant execute on function utils.factor_words(text) to authenticated, service_role;
