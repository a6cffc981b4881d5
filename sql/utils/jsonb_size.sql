create or replace function utils.jsonb_size(data jsonb) returns int
language sql immutable parallel safe
set search_path = ''
as $$
  -- #> '{}' gives the value as it is, but unpacked.
  select pg_catalog.pg_column_size($1 #> '{}')
$$;

comment on function utils.jsonb_size(jsonb) is
  'Bytes that a document takes in memory, unpacked: not more than about its length as text, and about an eighth of that at least.';

revoke execute on function utils.jsonb_size(jsonb) from public;
grant execute on function utils.jsonb_size(jsonb) to authenticated, service_role;
