-- The audit log is read by those who may change what it speaks of, and written by nobody: the engine writes it.

revoke all on
  etl_api.audit_log,
  etl_api.audit_head
from public, anon, authenticated, service_role;
grant select on
  etl_api.audit_log,
  etl_api.audit_head
to authenticated, service_role;

drop policy if exists admins_read on etl_api.audit_log;
create policy admins_read on etl_api.audit_log
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_read on etl_api.audit_log is 'Owners and admins read who changed the configuration of their org.';

drop policy if exists admins_read on etl_api.audit_head;
create policy admins_read on etl_api.audit_head
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_read on etl_api.audit_head is 'Owners and admins may keep the heads of their chains.';
