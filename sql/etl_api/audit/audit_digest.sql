create or replace function etl_api.audit_digest(salt bytea, old jsonb, new jsonb) returns bytea
language sql immutable parallel safe
set search_path = ''
as $$
  select pg_catalog.sha256(salt || pg_catalog.convert_to(pg_catalog.jsonb_build_array(old, new)::text, 'UTF8'))
$$;

comment on function etl_api.audit_digest(bytea, jsonb, jsonb) is
  'What an entry of the audit log keeps of its content when that is blanked: a hash that cannot be guessed without the salt.';

revoke execute on function etl_api.audit_digest(bytea, jsonb, jsonb) from public;
grant execute on function etl_api.audit_digest(bytea, jsonb, jsonb) to service_role;
