create or replace function utils.json_escape(input text) returns text
language sql immutable strict parallel safe
set search_path = ''
as $$
  select pg_catalog.substr(j.quoted, 2, pg_catalog.length(j.quoted) - 2)
  from (select pg_catalog.to_jsonb(json_escape.input)::text) as j (quoted)
$$;

comment on function utils.json_escape(text) is
  'A text as it stands between the quotes of a JSON string.';

revoke execute on function utils.json_escape(text) from public;
grant execute on function utils.json_escape(text) to authenticated, service_role;
