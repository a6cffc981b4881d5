create or replace function utils.number_parts(body text) returns text[]
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  part text[] := pg_catalog.regexp_match(body,
    '^(\(?)([-+−–▲△]?) ?((?:US|CA|AU|HK|NT|NZ|MX|A|C|S|R)?\$|[€£¥₩₹₽₺฿₫]|(?:USD|EUR|GBP|JPY|CNY|CHF|KRW|INR|AUD|CAD|Rs\.?) ?)? ?'
    '([-−]?)([0-9][0-9.,'' ]*(?:[eE][-+]?[0-9]{1,2})?|\.[0-9]+(?:[eE][-+]?[0-9]{1,2})?)'
    '((?: ?(?:k|K|m|M|mn|Mn|bn|b|B|tn|thousand|million|billion|trillion)\M)?|[千万億兆]|百万|千万|十億)'
    '( ?%| ?[€£¥₩₹₽₺฿₫元]| ?(?:USD|EUR|GBP|JPY|CNY|CHF|KRW|INR|AUD|CAD)|円|ドル|ユーロ|名|人|件|社|個|台)?(\)?)$');
begin
  -- One sign at most; a bracket opened is a bracket closed; a bare small "m" or "b" may be metres or bytes.
  if part is null
    or (part[1] = '') <> (part[8] = '')
    or pg_catalog.length(part[1] || part[2] || part[4]) > 1
    or part[6] ~ '^ ?[mb]$' and part[3] is null and part[7] is null
    or part[5] ~ '[eE]' and part[6] || coalesce(part[7], '') <> ''
  then
    return null;
  end if;
  part[5] := pg_catalog.rtrim(part[5]);
  part[6] := pg_catalog.btrim(part[6]);
  return part;
end
$$;

comment on function utils.number_parts(text) is
  'What a number is written with: bracket, sign, currency, sign, digits, word that multiplies, unit, bracket; null when it is none.';

revoke execute on function utils.number_parts(text) from public;
grant execute on function utils.number_parts(text) to authenticated, service_role;
