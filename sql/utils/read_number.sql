-- Where a comma or a point could stand for thousands or for decimals, "1,234" and "1.234", the thousands are with the
-- comma, unless the caller says that the column writes decimals with it. All else says itself what it is.
create or replace function utils.read_number(
  input text, decimal_comma boolean default false, out number numeric, out marks text)
returns record
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  body text := utils.narrow_text(input);
  part text[];
  digits text;
  scale numeric;
begin
  if pg_catalog.length(body) > 60 or body !~ '[0-9]' then
    return;
  elsif body ~ '[0-9.][兆億万][0-9]' then
    select pg_catalog.sum(pg_catalog.replace(m.found[1], ',', '')::numeric * utils.number_scale(m.found[2]))
    into number
    from pg_catalog.regexp_matches(body, '([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(兆|億|万|千|)', 'g') as m (found)
    where body ~ '^[¥約]?([0-9,]+兆)?([0-9,]+億)?([0-9,]+万)?([0-9,]+)?(円|名|人|件|社|個|台)?$'
      and body !~ '約|,,|[^0-9],|,[^0-9]';
    marks := case when body ~ '[¥円]' then 'currency' end;
    return;
  end if;
  part := pg_catalog.regexp_match(body,
    '^(\(?)([-+−–▲△]?) ?((?:US|CA|AU|HK|NT|NZ|MX|A|C|S|R)?\$|[€£¥₩₹₽₺฿₫]|(?:USD|EUR|GBP|JPY|CNY|CHF|KRW|INR|AUD|CAD|Rs\.?) ?)? ?'
    '([-−]?)([0-9][0-9.,'' ]*(?:[eE][-+]?[0-9]{1,2})?|\.[0-9]+(?:[eE][-+]?[0-9]{1,2})?)'
    '((?: ?(?:k|K|m|M|mn|Mn|bn|b|B|tn|thousand|million|billion|trillion)\M)?|[千万億兆]|百万|千万|十億)'
    '( ?%| ?[€£¥₩₹₽₺฿₫元]| ?(?:USD|EUR|GBP|JPY|CNY|CHF|KRW|INR|AUD|CAD)|円|ドル|ユーロ|名|人|件|社|個|台)?(\)?)$');
  -- One sign at most; a bracket opened is a bracket closed; a bare small "m" or "b" may be metres or bytes.
  if part is null
    or (part[1] = '') <> (part[8] = '')
    or pg_catalog.length(part[1] || part[2] || part[4]) > 1
    or part[6] ~ '^ ?[mb]$' and coalesce(part[3], '') = '' and part[7] is null
    or part[5] ~ '[eE]' and part[6] || coalesce(part[7], '') <> ''
  then
    return;
  end if;
  digits := pg_catalog.rtrim(part[5]);
  marks := utils.number_marks(digits, decimal_comma);
  if marks is null then
    return;
  end if;
  digits := case when marks = 'comma'
    then pg_catalog.translate(digits, ',.'' ', '.')
    else pg_catalog.translate(digits, ','' ', '') end;
  scale := utils.number_scale(pg_catalog.btrim(part[6])) * case when part[7] like '%\%' then 0.01 else 1 end
    * case when part[1] || part[2] || part[4] in ('', '+') then 1 else -1 end;
  number := case when scale in (1, -1) then digits::numeric * scale else pg_catalog.trim_scale(digits::numeric * scale) end;
  marks := pg_catalog.concat_ws(' ', nullif(marks, ''),
    case when part[7] like '%\%' then 'percent'
      when part[3] is not null or part[7] ~ '[^ 名人件社個台]' then 'currency' end);
end
$$;

comment on function utils.read_number(text, boolean) is
  'The exact number a text stands for as people write it, "1,234", "１２３", "12%" (0.12), "€5m", "(1,234)", "▲5", "3.5億円", "1億2000万", "150名", and marks of how it is written (comma, point, percent, currency); null when it is none.';

revoke execute on function utils.read_number(text, boolean) from public;
grant execute on function utils.read_number(text, boolean) to authenticated, service_role;
