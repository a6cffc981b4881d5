-- What a text looks like, cheapest question first. More than one may hold: "0312345678" is a number and may be a phone.
-- PostgreSQL keeps 32 compiled patterns a session, so a pattern is only asked where a comparison cannot tell.
create or replace function utils.value_marks(content text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  body constant text := utils.narrow_text(content);
  small constant text := pg_catalog.lower(body);
  size constant int := pg_catalog.length(body);
begin
  if size = 0 then
    return 'null';
  elsif size > 200 or pg_catalog.strpos(body, E'\n') > 0 then
    return 'long';
  elsif small in ('-', '--', '—', '–', '?', 'n/a', 'na', '#n/a', 'nan', 'null', 'none', 'nil', 'unknown',
    'not available', 'not disclosed', 'undisclosed', 'tbd', 'tba', '不明', '非公開', '未公開', '未定', '該当なし', 'データなし', '情報なし')
  then
    return 'missing';
  elsif size <= 5 and small not in ('0', '1') and utils.read_boolean(small) is not null then
    return 'boolean';
  elsif pg_catalog.strpos(body, ' ') = 0 then
    if pg_catalog.strpos(body, '@') > 1 then
      return case when body ~ '^[^ @"<>(),;:]+@[^ @.,]+(\.[^ @.,]+)*\.[^ @.,0-9][^ @.,0-9]+$'
        and pg_catalog.strpos(body, '@') <= 65 then 'email' else 'text' end;
    elsif pg_catalog.left(small, 8) in ('https://', 'http://w')
      or small like 'http://_%' or small like 'ftp://_%' or small like 'www._%.__%'
    then
      return 'url';
    elsif pg_catalog.strpos(body, '.') > 1 and pg_catalog.translate(pg_catalog.right(pg_catalog.split_part(small, '/', 1), 2), '0123456789.-', '') ~ '^[^ ]{2}$'
      and small ~ '^([^][ .,/()@$€£¥%''"{}<>|\\]+\.)+[^][ .,/0-9%()$€£¥''"{}<>|\\][^][ .,/0-9%()$€£¥''"{}<>|\\]+(/.*)?$'
    then
      return 'domain';
    end if;
  end if;
  if utils.may_be_figure(small) then
    return coalesce(nullif(utils.figure_marks(body), ''), 'text');
  end if;
  return 'text';
end
$$;

comment on function utils.value_marks(text) is
  'What a text looks like, as words: null (blank), missing, boolean, email, url, domain, date with its marks, number with its marks (and bit, padded, year, day, seconds, millis), phone, digits, long, or text.';

revoke execute on function utils.value_marks(text) from public;
grant execute on function utils.value_marks(text) to authenticated, service_role;
