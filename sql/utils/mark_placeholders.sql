-- The text handled here is the text form of jsonb, in which raw control characters never occur (they are escaped).
-- So they can mark places without ever being mistaken for content:
--   \x01name\x05   a string that is only the placeholder <<$name>>: it takes the value with its type
--   \x02name\x05   a placeholder in a longer string, or a member name
--   \x03NAME\x05   <<$secret.NAME>>, left for the moment of sending
--   <<\x04$secret. the escape <<$$secret. of a template's author
-- A name stands as it does in JSON, with quotes and backslashes escaped.
create or replace function utils.mark_placeholders(template text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  if pg_catalog.strpos(template, '<<$') = 0 then
    return template;
  end if;
  if pg_catalog.strpos(template, '$secret.') > 0 then
    template := pg_catalog.regexp_replace(
      pg_catalog.regexp_replace(template, '<<\$(\$+secret\.)', E'<<\x04\\1', 'g'),
      '<<\$secret\.([A-Za-z0-9_][A-Za-z0-9_.-]*)>>', E'\x03\\1\x05', 'g');
  end if;
  return pg_catalog.regexp_replace(
    pg_catalog.regexp_replace(
      template,
      '(?<!\\)"<<\$([A-Za-z_][A-Za-z0-9_]*(?:\.(?:[^.<>"\\\u0001-\u0005]|\\.)+)*)>>"(?!:)', E'\x01\\1\x05', 'g'),
    '<<\$([A-Za-z_][A-Za-z0-9_]*(?:\.(?:[^.<>"\\\u0001-\u0005]|\\.)+)*)>>', E'\x02\\1\x05', 'g');
end
$$;

comment on function utils.mark_placeholders(text) is
  'The text form of a template with its placeholders marked by control characters; see the head of its file.';

revoke execute on function utils.mark_placeholders(text) from public;
grant execute on function utils.mark_placeholders(text) to authenticated, service_role;
