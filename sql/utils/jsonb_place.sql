create or replace function utils.jsonb_place(name text) returns bytea
language sql immutable strict parallel safe
as $$
  select pg_catalog.int4send(pg_catalog.octet_length(name)) || pg_catalog.convert_to(name, 'UTF8')
$$;

comment on function utils.jsonb_place(text) is
  'Sort key of a member among its siblings: jsonb keeps members by length, then by bytes.';

revoke execute on function utils.jsonb_place(text) from public;
grant execute on function utils.jsonb_place(text) to authenticated, service_role;
