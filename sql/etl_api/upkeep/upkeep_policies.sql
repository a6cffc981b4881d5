-- Who reads and writes what is kept, and for how long. What was erased outlives its tenant, so no member is left to read
-- it: the operator does.

drop policy if exists members_read on etl_api.retention;
create policy members_read on etl_api.retention
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.retention is 'The rules for all, and those of the reader''s orgs.';

drop policy if exists admins_insert on etl_api.retention;
create policy admins_insert on etl_api.retention
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on etl_api.retention is 'Owners and admins, for their org only.';

drop policy if exists admins_update on etl_api.retention;
create policy admins_update on etl_api.retention
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on etl_api.retention is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on etl_api.retention;
create policy admins_delete on etl_api.retention
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on etl_api.retention is 'Owners and admins, in their org only.';

drop policy if exists nobody on etl_api.retention_mark;
create policy nobody on etl_api.retention_mark
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.retention_mark is 'Of no use to a user: the engine and its operator only.';

drop policy if exists members_read on etl_api.erasure;
create policy members_read on etl_api.erasure
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.erasure is 'Members read what was erased of their orgs.';

revoke all on etl_api.retention, etl_api.retention_mark, etl_api.erasure from public, anon, authenticated;
grant select, delete on etl_api.retention to authenticated;
grant insert (org_id, what, days), update (days) on etl_api.retention to authenticated;
grant select on etl_api.erasure to authenticated;
grant select, insert, update, delete on etl_api.retention, etl_api.retention_mark to service_role;
grant select on etl_api.erasure to service_role;
