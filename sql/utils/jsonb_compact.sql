create or replace function utils.jsonb_compact(value jsonb) returns text
language sql immutable strict parallel safe
set search_path = ''
as $$
  -- Outside strings a blank follows only a colon or a comma; strings are matched first and kept.
  select case pg_catalog.jsonb_typeof(jsonb_compact.value)
    when 'string' then jsonb_compact.value #>> '{}'
    when 'null' then ''
    when 'object' then
      pg_catalog.regexp_replace(jsonb_compact.value::text, '("(?:[^"\\]|\\.)*")|([:,]) ', '\1\2', 'g')
    when 'array' then
      pg_catalog.regexp_replace(jsonb_compact.value::text, '("(?:[^"\\]|\\.)*")|([:,]) ', '\1\2', 'g')
    else jsonb_compact.value::text
  end
$$;

comment on function utils.jsonb_compact(jsonb) is
  'A value as text: a string raw, a number or boolean as written, null as nothing, objects and arrays as JSON without blanks.';

revoke execute on function utils.jsonb_compact(jsonb) from public;
grant execute on function utils.jsonb_compact(jsonb) to authenticated, service_role;
