-- The list only grows: not even the service alters a line.
revoke all on etl_api.schema_change from public, anon, authenticated, service_role;
grant select on etl_api.schema_change to authenticated;
grant select, insert on etl_api.schema_change to service_role;

drop policy if exists members_read on etl_api.schema_change;
create policy members_read on etl_api.schema_change
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.schema_change is 'Members read the rows of their orgs.';
