create or replace function utils.parse_boolean(input text) returns boolean
language sql immutable strict parallel safe
set search_path = ''
as $$
  select case
    when w.word in ('true', 't', 'yes', 'y', 'on', '1') then true
    when w.word in ('false', 'f', 'no', 'n', 'off', '0') then false
  end
  from (select pg_catalog.lower(pg_catalog.btrim(parse_boolean.input, E' \t\n\r'))) as w (word)
$$;

comment on function utils.parse_boolean(text) is
  'true for true, t, yes, y, on, 1; false for false, f, no, n, off, 0; case and space around do not matter; else null.';

revoke execute on function utils.parse_boolean(text) from public;
grant execute on function utils.parse_boolean(text) to authenticated, service_role;
