create or replace function utils.jsonb_compact(value jsonb) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  -- Outside strings a blank follows only a colon or a comma; strings are matched first and kept.
  return case pg_catalog.jsonb_typeof(value)
    when 'object' then pg_catalog.regexp_replace(value::text, '("(?:[^"\\]|\\.)*")|([:,]) ', '\1\2', 'g')
    when 'array' then pg_catalog.regexp_replace(value::text, '("(?:[^"\\]|\\.)*")|([:,]) ', '\1\2', 'g')
    when 'null' then ''
    else value #>> '{}'
  end;
end
$$;

comment on function utils.jsonb_compact(jsonb) is
  'A value as text: a string raw, a number or boolean as written, null as nothing, objects and arrays as JSON without blanks.';

revoke execute on function utils.jsonb_compact(jsonb) from public;
grant execute on function utils.jsonb_compact(jsonb) to authenticated, service_role;
