create or replace function utils.may_be_figure(small text) returns boolean
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  words text;
begin
  if pg_catalog.length(small) > 60 or pg_catalog.translate(small, '0123456789元', '') = small then
    return false;
  end if;
  words := pg_catalog.translate(small, '0123456789 .,:/()+-−–%$€£¥₩₹₽₺฿₫''#▲△', '');
  return words in ('', 't', 'tz', 'z', 'utc', 'gmt', 'am', 'pm', 'k', 'm', 'b', 'mn', 'bn', 'tn', 'thousand', 'million', 'billion',
      'trillion', 'x', 'ext', 'e', 'us', 'ca', 'au', 'hk', 'nt', 'nz', 'mx', 'a', 'c', 's', 'r', 'rs', 'h', 'jst',
      'usd', 'eur', 'gbp', 'jpy', 'cny', 'chf', 'krw', 'inr', 'aud', 'cad', 'usk', 'usm', 'usb', 'usmillion', 'usbillion', 'usmn', 'usbn')
    or pg_catalog.length(words) <= 24 and (
      pg_catalog.octet_length(words) > pg_catalog.length(words)
        and pg_catalog.translate(words, '年月火水木金土日時分秒円億万兆千百十名人件社個台元令和平成昭大正明治ドルユーロjstzrh', '') = ''
      or words ~ 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec'
      or words ~ '^(usd|eur|gbp|jpy|cny|chf|krw|inr|aud|cad)?(k|m|b|mn|bn|tn|thousand|million|billion|trillion)(usd|eur|gbp|jpy|cny|chf|krw|inr|aud|cad)?$');
end
$$;

comment on function utils.may_be_figure(text) is
  'Whether a text in lower case is made of nothing but what numbers, dates and phone numbers are made of; false for most words, at little cost.';

revoke execute on function utils.may_be_figure(text) from public;
grant execute on function utils.may_be_figure(text) to authenticated, service_role;
