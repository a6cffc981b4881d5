create or replace function etl_api.write_audit(changes etl_api.audit_change[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  of_org uuid;
  change etl_api.audit_change;
  entry etl_api.audit_log;
  entries etl_api.audit_log[];
begin
  entry.user_id := auth.uid();
  -- Inside a security definer function current_user is the owner: who writes is the role that was set, or who logged in.
  entry.role := coalesce(nullif(pg_catalog.current_setting('role', true), 'none'), session_user::text);
  -- One chain after the other and always in this order, so that two statements wait for each other at most.
  for of_org in
    select distinct c.org_id from unnest(changes) as c order by c.org_id nulls first
  loop
    entries := '{}';
    entry.org_id := of_org;
    select h.seq, h.hash into entry.seq, entry.hash from etl_api.lock_audit_head(of_org) as h;
    -- A loop, since each hash covers the one before.
    for change in
      select c.* from unnest(changes) as c where c.org_id is not distinct from of_org
    loop
      entry.seq := entry.seq + 1;
      entry.at := pg_catalog.clock_timestamp();
      entry.table_name := change.table_name;
      entry.row_key := change.row_key;
      entry.action := change.action;
      entry.old := change.old;
      entry.new := change.new;
      entry.salt := pg_catalog.uuid_send(pg_catalog.gen_random_uuid());
      entry.digest := etl_api.audit_digest(entry.salt, entry.old, entry.new);
      entry.hash := etl_api.audit_hash(entry.hash, entry);
      entries := entries || entry;
    end loop;
    insert into etl_api.audit_log
      (org_id, seq, at, user_id, role, table_name, row_key, action, old, new, salt, digest, hash)
    select e.org_id, e.seq, e.at, e.user_id, e.role, e.table_name, e.row_key, e.action, e.old, e.new, e.salt, e.digest, e.hash
    from unnest(entries) as e;
    update etl_api.audit_head as h
    set seq = entry.seq,
      hash = entry.hash
    where h.org_id is not distinct from of_org;
  end loop;
end
$$;

comment on function etl_api.write_audit(etl_api.audit_change[]) is
  'Writes changes to the audit log, each at the end of the chain of its org. Transactions that write to the same chain wait for each other.';

revoke execute on function etl_api.write_audit(etl_api.audit_change[]) from public;
