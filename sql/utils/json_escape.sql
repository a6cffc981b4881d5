create or replace function utils.json_escape(input text) returns text
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  quoted constant text := pg_catalog.to_jsonb(input)::text;
begin
  return pg_catalog.substr(quoted, 2, pg_catalog.length(quoted) - 2);
end
$$;

comment on function utils.json_escape(text) is
  'A text as it stands between the quotes of a JSON string.';

revoke execute on function utils.json_escape(text) from public;
grant execute on function utils.json_escape(text) to authenticated, service_role;
