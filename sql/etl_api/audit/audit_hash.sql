create or replace function etl_api.audit_hash(before bytea, entry etl_api.audit_log) returns bytea
language sql immutable parallel safe
set search_path = ''
as $$
  -- Microseconds since 1970: a time as text would depend on the reader's time zone.
  select pg_catalog.sha256(coalesce(before, '') || pg_catalog.convert_to(pg_catalog.jsonb_build_array(
    entry.org_id, entry.seq, (extract(epoch from entry.at) * 1000000)::bigint, entry.user_id, entry.role,
    entry.table_name, entry.row_key, entry.action, pg_catalog.encode(entry.digest, 'hex'))::text, 'UTF8'))
$$;

comment on function etl_api.audit_hash(bytea, etl_api.audit_log) is
  'The hash of an entry of the audit log: over the hash of the entry before (null: it is the first) and all of this one but old and new, for which its digest stands.';

revoke execute on function etl_api.audit_hash(bytea, etl_api.audit_log) from public;
grant execute on function etl_api.audit_hash(bytea, etl_api.audit_log) to service_role;
