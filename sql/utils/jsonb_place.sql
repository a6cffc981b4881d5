create or replace function utils.jsonb_place(name text) returns bytea
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.int4send(pg_catalog.octet_length(name)) || pg_catalog.convert_to(name, 'UTF8');
end
$$;

comment on function utils.jsonb_place(text) is
  'Sort key of a member among its siblings: jsonb keeps members by length, then by bytes.';

revoke execute on function utils.jsonb_place(text) from public;
grant execute on function utils.jsonb_place(text) to authenticated, service_role;
