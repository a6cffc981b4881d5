create or replace function utils.parse_boolean(input text) returns boolean
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  word constant text := pg_catalog.lower(pg_catalog.btrim(input, E' \t\n\r' || pg_catalog.chr(160)));
begin
  return case
    when word in ('true', 't', 'yes', 'y', 'on', '1') then true
    when word in ('false', 'f', 'no', 'n', 'off', '0') then false
  end;
end
$$;

comment on function utils.parse_boolean(text) is
  'true for true, t, yes, y, on, 1; false for false, f, no, n, off, 0; case and space around do not matter; else null.';

revoke execute on function utils.parse_boolean(text) from public;
grant execute on function utils.parse_boolean(text) to authenticated, service_role;
