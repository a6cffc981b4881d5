-- What a text looks like, cheapest question first. More than one may hold: "0312345678" is a number and may be a phone.
create or replace function utils.value_marks(content text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  body constant text := utils.narrow_text(content);
  size constant int := pg_catalog.length(body);
  found record;
  marks text;
begin
  if size > 200 or content ~ '\n.*\S' then
    return 'long';
  elsif pg_catalog.lower(body) in ('', '-', '--', '—', '–', '?', 'n/a', 'na', '#n/a', 'nan', 'null', 'none', 'nil', 'unknown',
    'not available', 'not disclosed', 'undisclosed', 'tbd', 'tba', '不明', '非公開', '未公開', '未定', '該当なし', 'データなし', '情報なし')
  then
    return 'missing';
  elsif size <= 5 and utils.read_boolean(body) is not null and body !~ '[01]' then
    return 'boolean';
  elsif body ~ '^[^[:space:]@"<>(),;:\\]{1,64}@([[:alnum:]-]{1,63}\.){1,8}[[:alpha:]]{2,63}$' then
    return 'email';
  elsif body ~* '^(https?|ftp)://[^[:space:]/?#]+[^[:space:]]*$' or body ~* '^www\.[^[:space:].]+\.[^[:space:]]+$' then
    return 'url';
  elsif body ~ '^([[:alnum:]-]{1,63}\.){1,8}[[:alpha:]]{2,24}(:[0-9]{1,5})?(/[^[:space:]]*)?$' and body !~ '^[0-9.]*[A-Za-z]{2}$' then
    return 'domain';
  -- Only what is made of the pieces of numbers, dates and phones is read as such.
  elsif size > 60 or body !~ '[0-9元]' or body ~ '[A-Za-z]{10}' then
    return 'text';
  end if;
  found := utils.read_date(body);
  if found.marks is not null and body !~ '^[0-9]+$' then
    return 'date ' || found.marks;
  end if;
  marks := case
    when body !~ '^[+(0-9][-+() ./0-9]{5,24}( ?(x|ext\.?|#) ?[0-9]{1,6})?$' or body ~ '\.[0-9]+\.|//|--|^[^(]*\)' then ''
    when pg_catalog.length(pg_catalog.regexp_replace(pg_catalog.split_part(body, 'x', 1), '[^0-9]', '', 'g')) not between 7 and 15 then ''
    when body ~ '^\+[1-9]' and pg_catalog.length(body) >= 9 then ' phone digits'
    when body ~ '^\(?0[0-9]{1,4}[-) .]{1,2}[0-9]{1,4}[- .][0-9]{3,4}$' then ' phone digits'
    when body ~ '^(\+?1[- .])?(\([0-9]{3}\) ?|[0-9]{3}[- .])[0-9]{3}[- .][0-9]{4}( ?(x|ext\.?|#) ?[0-9]{1,6})?$' then ' phone digits'
    else ' digits'
  end;
  if (utils.read_number(body)).number is not null then
    marks := ' number' || pg_catalog.concat(' ' || nullif((utils.read_number(body)).marks, '')) || marks || case
      when body in ('0', '1') then ' bit'
      when body ~ '^0[0-9]+$' then ' padded'
      when body ~ '^[0-9]{4,13}$' then ' ' || coalesce(utils.number_class(body::numeric), '')
      else ''
    end;
  end if;
  return coalesce(nullif(pg_catalog.btrim(marks), ''), 'text');
end
$$;

comment on function utils.value_marks(text) is
  'What a text looks like, as words: missing, boolean, email, url, domain, date with its marks, number with its marks (and bit, padded, year, day, seconds, millis), phone, digits, long, or text.';

revoke execute on function utils.value_marks(text) from public;
grant execute on function utils.value_marks(text) to authenticated, service_role;
