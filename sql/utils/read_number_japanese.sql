create or replace function utils.read_number_japanese(body text, out number numeric, out marks text)
returns record
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  part constant text[] := pg_catalog.regexp_match(pg_catalog.replace(body, ',', ''),
    '^¥?(?:([0-9]{1,8})兆)?(?:([0-9]{1,8})億)?(?:([0-9]{1,8})万)?([0-9]{1,8})?(?:円|名|人|件|社|個|台)?$');
begin
  -- A comma stands only where it parts thousands.
  if part is not null and body !~ ',(?![0-9]{3}($|[^0-9]))|(^|[^0-9]),' then
    number := coalesce(part[1]::numeric, 0) * 1000000000000 + coalesce(part[2]::numeric, 0) * 100000000
      + coalesce(part[3]::numeric, 0) * 10000 + coalesce(part[4]::numeric, 0);
    marks := case when body ~ '[¥円]' then 'currency' end;
  end if;
end
$$;

comment on function utils.read_number_japanese(text) is
  'The number of digits mixed with 兆, 億 and 万: "1億2000万円" is 120000000; null when it is none.';

revoke execute on function utils.read_number_japanese(text) from public;
grant execute on function utils.read_number_japanese(text) to authenticated, service_role;
