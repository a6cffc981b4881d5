create or replace function utils.parse_json(input text) returns jsonb
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  string_mark constant text := E'\x01';
  value_mark constant text := E'\x02';
  escapes constant text := pg_catalog.replace(input, '\\', '');
  skeleton text;
  reduced text;
begin
  -- The text is judged before it is cast: catching the error of the cast would need a subtransaction, which a
  -- parallel query forbids, and the test of PostgreSQL 16 (is json) is not there on 15.
  if input ~ E'[\x01-\x08\x0b\x0c\x0e-\x1f]'
    or pg_catalog.regexp_replace(
      escapes, '\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}', '', 'g'
    ) ~ '\\u(0000|[dD][89a-fA-F])'
  then
    return null;
  end if;
  skeleton := pg_catalog.regexp_replace(
    input, E'"(?:[^"\\\\\\x01-\\x1f]|\\\\["\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4})*"', string_mark, 'g');
  if skeleton ~ '[0-9]{255}' then
    return null;
  end if;
  skeleton := pg_catalog.regexp_replace(
    skeleton, '-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?(?![0-9.eE])|true|false|null', value_mark, 'g');
  skeleton := pg_catalog.translate(skeleton, E' \t\n\r', '');
  for depth in 1 .. 500 loop
    reduced := pg_catalog.regexp_replace(
      skeleton,
      E'\\{(?:\\x01:[\\x01\\x02](?:,\\x01:[\\x01\\x02])*)?\\}|\\[(?:[\\x01\\x02](?:,[\\x01\\x02])*)?\\]',
      value_mark, 'g');
    exit when reduced = skeleton;
    skeleton := reduced;
  end loop;
  return case when skeleton in (string_mark, value_mark) then input::jsonb end;
end
$$;

comment on function utils.parse_json(text) is
  'The JSON a text holds; null when it is none, is nested deeper than 500, or holds a number beyond numeric. Never raises.';

revoke execute on function utils.parse_json(text) from public;
grant execute on function utils.parse_json(text) to authenticated, service_role;
