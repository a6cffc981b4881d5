create or replace function utils.narrow_text(input text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  -- Only short texts are read as anything but text, so only these are worth the work.
  if pg_catalog.octet_length(input) > 2000 then
    return input;
  elsif pg_catalog.octet_length(input) = pg_catalog.length(input) then
    return pg_catalog.btrim(input, E' \t\n\r\v\f');
  end if;
  return pg_catalog.btrim(pg_catalog.regexp_replace(
    pg_catalog.normalize(input, 'NFKC'), E'[ \\u00a0\\u202f\\u2009\\u3000]+', ' ', 'g'), E' \t\n\r\v\f');
end
$$;

comment on function utils.narrow_text(text) is
  'A text with full-width letters, digits and signs made plain (NFKC) and no space around it: how "１２３％" is read as "123%".';

revoke execute on function utils.narrow_text(text) from public;
grant execute on function utils.narrow_text(text) to authenticated, service_role;
