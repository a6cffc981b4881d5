create or replace function utils.parse_number(input text) returns numeric
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  body text;
  is_percent boolean;
  digits text;
begin
  -- Most numbers are plain; what could be one otherwise is looked at more closely.
  if input ~ '^-?[0-9]{1,20}(\.[0-9]{1,20})?$' then
    return input::numeric;
  end if;
  body := pg_catalog.btrim(input, E' \t\n\r' || pg_catalog.chr(160));
  is_percent := body like '%\%';
  digits := case when is_percent
    then pg_catalog.rtrim(pg_catalog."left"(body, -1), E' \t\n\r' || pg_catalog.chr(160)) else body end;
  -- The length is bounded so that no text, whatever its exponent, leaves the range of numeric.
  if pg_catalog.length(digits) <= 1000
    and digits ~ '^[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?(\.[0-9]*)?([eE][+-]?[0-9]{1,4})?$'
    and digits ~ '^[+-]?\.?[0-9]'
  then
    return pg_catalog.replace(digits, ',', '')::numeric * case when is_percent then 0.01 else 1 end;
  end if;
  return null;
end
$$;

comment on function utils.parse_number(text) is
  'The exact number a text stands for: "1,234", " 12 ", "-1.5e3", and "12%" as 0.12; null when it is none.';

revoke execute on function utils.parse_number(text) from public;
grant execute on function utils.parse_number(text) to authenticated, service_role;
