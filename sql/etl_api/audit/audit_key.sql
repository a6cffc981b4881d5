create or replace function etl_api.audit_key(of_row jsonb, key_columns text[]) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select pg_catalog.jsonb_object_agg(k, of_row -> k)
  from unnest(key_columns) as k
$$;

comment on function etl_api.audit_key(jsonb, text[]) is 'The key of a row as the audit log names it: {"id": …}.';

revoke execute on function etl_api.audit_key(jsonb, text[]) from public;
grant execute on function etl_api.audit_key(jsonb, text[]) to service_role;
