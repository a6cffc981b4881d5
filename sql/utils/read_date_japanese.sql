-- An era's year is counted on as people do on forms: no end is drawn at the day an era ended.
create or replace function utils.read_date_japanese(body text) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  part text[];
  era text;
begin
  part := pg_catalog.regexp_match(body,
    '^(令和|平成|昭和|大正|明治|[RHSTM])? ?([0-9]{1,4}|元) ?年(?: ?([0-9]{1,2}) ?月(?: ?([0-9]{1,2}) ?日(?:\([月火水木金土日]\))? ?(.*))?)?$');
  if part is null then
    part := pg_catalog.regexp_match(body, '^(令和|平成|昭和|大正|明治|[RHSTM])([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{1,2})()$');
  end if;
  era := part[1];
  if part is null
    or era is null and (part[2] = '元' or pg_catalog.length(part[2]) < 4)
    or era is not null and (pg_catalog.length(part[2]) > 2 or part[2]::text in ('0', '00'))
  then
    return null;
  end if;
  return array[
    (case when part[2] = '元' then 1 else part[2]::int end + case
      when era in ('令和', 'R') then 2018
      when era in ('平成', 'H') then 1988
      when era in ('昭和', 'S') then 1925
      when era in ('大正', 'T') then 1911
      when era in ('明治', 'M') then 1867
      else 0
    end)::text,
    coalesce(part[3], ''), coalesce(part[4], ''), coalesce(part[5], '')];
end
$$;

comment on function utils.read_date_japanese(text) is
  'Year, month, day and time, as texts, of a Japanese date: 2024年3月5日, 2024年3月, 令和6年3月5日, 令和元年, R6.3.5; null when it is none.';

revoke execute on function utils.read_date_japanese(text) from public;
grant execute on function utils.read_date_japanese(text) to authenticated, service_role;
