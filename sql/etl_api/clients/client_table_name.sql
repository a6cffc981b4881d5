create or replace function etl_api.client_table_name(client_id uuid, data_type text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select pg_catalog.format('client_%s_%s', pg_catalog."left"(client_id::text, 8), coalesce(data_type, 'data'))
$$;

comment on function etl_api.client_table_name(uuid, text) is
  'What a client''s table of a data type is called: client_123e4567_ecommerce; of none: client_123e4567_data. Two clients whose ids begin alike have tables of one name, and each its own rows.';

revoke execute on function etl_api.client_table_name(uuid, text) from public;
grant execute on function etl_api.client_table_name(uuid, text) to service_role;
