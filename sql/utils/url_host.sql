create or replace function utils.url_host(url text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.lower(pg_catalog.substring(url, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#]+)'));
end
$$;

comment on function utils.url_host(text) is 'The host of a URL with its port, in lower case, without user and password; null when it has none.';

revoke execute on function utils.url_host(text) from public;
grant execute on function utils.url_host(text) to authenticated, service_role;
