create or replace function etl_api.table_view_name(table_id uuid, name text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select ('records_' || pg_catalog."left"(table_id::text, 8) || '_'
    || pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.lower(name), '[^[:alnum:]]+', '_', 'g'), '_'))::name::text
$$;

comment on function etl_api.table_view_name(uuid, text) is
  'The view of a table: records_, the first 8 digits of its id, its name; at most 63 bytes.';

revoke execute on function etl_api.table_view_name(uuid, text) from public;
grant execute on function etl_api.table_view_name(uuid, text) to authenticated, service_role;
