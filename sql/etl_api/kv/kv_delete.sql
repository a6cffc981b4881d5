create or replace function etl_api.kv_delete(org_id uuid, key text) returns boolean
language sql
set search_path = ''
as $$
  select etl_api.kv_delete_many(org_id, array[key]) > 0
$$;

comment on function etl_api.kv_delete(uuid, text) is
  'Deletes a key of an org''s store. Returns whether it was there. ETL06: the caller may not.';

revoke execute on function etl_api.kv_delete(uuid, text) from public;
grant execute on function etl_api.kv_delete(uuid, text) to authenticated, service_role;
