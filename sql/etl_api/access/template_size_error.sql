create or replace function etl_api.template_size_error(template jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  most constant bigint := etl_api.limit_of('max_template_bytes');
  bytes constant bigint := pg_catalog.octet_length(template::text);
begin
  return case when bytes > most then pg_catalog.format(
    'a template has at most %s bytes as JSON (the setting max_template_bytes), but this one has %s', most, bytes) end;
end
$$;

comment on function etl_api.template_size_error(jsonb) is
  'What is wrong with the size of a request template, in a sentence; null when nothing is.';

revoke execute on function etl_api.template_size_error(jsonb) from public;
grant execute on function etl_api.template_size_error(jsonb) to service_role;
