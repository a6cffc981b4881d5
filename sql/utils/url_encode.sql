create or replace function utils.url_encode(input text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  if input ~ '^[A-Za-z0-9._~-]*$' then
    return input;
  end if;
  return (
    select pg_catalog.string_agg(
      case
        when r.run[1] ~ '^[A-Za-z0-9._~-]' then r.run[1]
        else pg_catalog.regexp_replace(
          pg_catalog.upper(pg_catalog.encode(pg_catalog.convert_to(r.run[1], 'UTF8'), 'hex')), '(..)', '%\1', 'g')
      end, '' order by r.n)
    from pg_catalog.regexp_matches(
      input, '[A-Za-z0-9._~-]+|[^A-Za-z0-9._~-]+', 'g') with ordinality as r (run, n));
end
$$;

comment on function utils.url_encode(text) is
  'Percent-encoded UTF-8 (RFC 3986): everything but letters, digits and - . _ ~ of ASCII.';

revoke execute on function utils.url_encode(text) from public;
grant execute on function utils.url_encode(text) to authenticated, service_role;
