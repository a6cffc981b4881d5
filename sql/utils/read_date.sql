-- A day is never guessed: "03/04/2024" is the third of April or the fourth of March, and only the column's other values
-- or the caller (day_order 'dmy' or 'mdy') can say which. A year or month alone stands for its first day, and marks say so.
create or replace function utils.read_date(input text, day_order text default null, out moment text, out marks text)
returns record
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  body constant text := utils.narrow_text(input);
  part text[];
  day_time text;
  year int;
  numbers int[];
begin
  -- Each way of writing is year, month, day, time; what a word or an order hides is put right below.
  if pg_catalog.length(body) > 50 or body !~ '[0-9元]' then
    return;
  elsif body ~ '^[0-9]{4}[-/.]' then
    part := pg_catalog.regexp_match(body, '^([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:[T ,]+(.*))?$');
    part := case when part is null
      then pg_catalog.regexp_match(body, '^((?:1[5-9]|2[01])[0-9]{2})[-/]([0-9]{1,2})()()$')
      else array[part[1], part[3], part[4], part[5]] end;
    marks := 'ymd';
  elsif body ~ '[年]|^[RHSTM][0-9]|^(令和|平成|昭和|大正|明治)' then
    part := utils.read_date_japanese(body);
    marks := 'japanese';
  elsif body ~ '[A-Za-z]{3}' and body ~* '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)' then
    part := utils.read_date_words(body);
    marks := 'words';
  elsif body ~ '^[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]' then
    part := pg_catalog.regexp_match(body, '^([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?:[T ,]+(.*))?$');
    marks := case
      when part[1]::int > 12 or part[2] = '.' then 'dmy'
      when part[3]::int > 12 then 'mdy'
      when day_order in ('dmy', 'mdy') then day_order
      when part[1]::int <> part[3]::int then 'either'
      else 'same'
    end;
    part := case when marks = 'mdy' then array[part[4], part[1], part[3], part[5]] else array[part[4], part[3], part[1], part[5]] end;
  elsif body ~ '^[12][0-9]{3}$' then
    part := array[body, '', '', ''];
    marks := 'ymd';
  elsif body ~ '^(19|20)[0-9]{6}$' then
    part := array[pg_catalog."left"(body, 4), pg_catalog.substr(body, 5, 2), pg_catalog.substr(body, 7), ''];
    marks := 'ymd';
  end if;
  day_time := case when part[4] <> '' then utils.read_time(part[4]) else '' end;
  year := part[1]::int + case when pg_catalog.length(part[1]) > 2 then 0 when part[1]::int < 70 then 2000 else 1900 end;
  numbers := array[coalesce(nullif(part[2], ''), '1')::int, coalesce(nullif(part[3], ''), '1')::int];
  if part[1] is null or day_time is null or year = 0 or numbers[1] not between 1 and 12 or numbers[2] < 1
    or numbers[2] > (case when numbers[1] in (4, 6, 9, 11) then 30 when numbers[1] <> 2 then 31
      when year % 4 = 0 and (year % 100 <> 0 or year % 400 = 0) then 29 else 28 end)
  then
    marks := null;
    return;
  end if;
  if marks <> 'either' then
    moment := pg_catalog.to_char(year, 'FM0000') || pg_catalog.to_char(numbers[1], '"-"FM00')
      || pg_catalog.to_char(numbers[2], '"-"FM00') || day_time;
  end if;
  marks := pg_catalog.concat_ws(' ', marks, case when day_time <> '' then 'time' end,
    case when part[2] = '' then 'whole_year' when part[3] = '' then 'whole_month' end,
    case when pg_catalog.length(part[1]) = 2 then 'century' end);
end
$$;

comment on function utils.read_date(text, text) is
  'The day a text names, YYYY-MM-DD, with THH:MM:SS and zone when it names a time: ISO, 2024年3月5日, 令和6年3月5日, "5 Mar 2024", 3/5/2024 in the order given; null when it is none or could be two. Marks: order (ymd, mdy, dmy, either, same, words, japanese), time, whole_year or whole_month when the rest is missing, century when it is supposed.';

revoke execute on function utils.read_date(text, text) from public;
grant execute on function utils.read_date(text, text) to authenticated, service_role;
