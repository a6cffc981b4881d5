create or replace function utils.read_date_words(body text) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  month constant text := '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?';
  words constant text := pg_catalog.regexp_replace(pg_catalog.lower(body),
    '^(mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,? ', '');
  part text[];
begin
  part := pg_catalog.regexp_match(words, '^' || month || ' {1,2}([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})(?:[ ,]+(.*))?$');
  if part is null then
    part := pg_catalog.regexp_match(words,
      '^([0-9]{1,2})(?:st|nd|rd|th)?[ -](?:of )?' || month || '[, -] ?([0-9]{4}|[0-9]{2})(?:[ ,]+(.*))?$');
    part := case when part is null
      then pg_catalog.regexp_match(words, '^' || month || '()[ ,-]{1,2}([0-9]{4})()$')
      else array[part[2], part[1], part[3], part[4]] end;
  end if;
  return case when part is not null then array[
    part[3],
    ((pg_catalog.strpos('janfebmaraprmayjunjulaugsepoctnovdec', pg_catalog."left"(part[1], 3)) + 2) / 3)::text,
    part[2], part[4]] end;
end
$$;

comment on function utils.read_date_words(text) is
  'Year, month, day and time, as texts, of a date with an English month: "Mar 5 2024", "5th of March 2024 10:00", "Tue, 05 Mar 2024", "5-Mar-24", "March 2024"; null when it is none.';

revoke execute on function utils.read_date_words(text) from public;
grant execute on function utils.read_date_words(text) to authenticated, service_role;
