-- The store is written through its functions only, by the service too: they keep the lists.
revoke all on public.kv_store, etl_api.kv_index, etl_api.kv_index_entry from public, anon, authenticated;
grant select on public.kv_store, etl_api.kv_index_entry to authenticated;
grant select, insert, delete on etl_api.kv_index to authenticated;
grant select, insert, update, delete on etl_api.kv_index to service_role;
revoke all on public.kv_store, etl_api.kv_index_entry from service_role;
grant select on public.kv_store, etl_api.kv_index_entry to service_role;
revoke all on etl_api.kv_mapping, etl_api.kv_change, etl_api.kv_misfit from public, anon, authenticated, service_role;
-- The statements made of a mapping run with the rights of their maker: nobody else writes them.
grant select, delete on etl_api.kv_mapping to service_role;
grant insert (name, key_pattern, table_name, columns, sample), update (key_pattern, table_name, columns, sample)
  on etl_api.kv_mapping to service_role;
grant select on etl_api.kv_change, etl_api.kv_misfit to service_role;
grant select on etl_api.kv_misfit to authenticated;
revoke all on sequence etl_api.kv_version from public, anon, authenticated, service_role;

drop policy if exists members_read on public.kv_store;
create policy members_read on public.kv_store
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.kv_store is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.kv_index_entry;
create policy members_read on etl_api.kv_index_entry
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.kv_index_entry is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.kv_index;
create policy members_read on etl_api.kv_index
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.kv_index is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on etl_api.kv_index;
create policy admins_insert on etl_api.kv_index
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on etl_api.kv_index is 'Owners and admins, for their org only.';

drop policy if exists admins_delete on etl_api.kv_index;
create policy admins_delete on etl_api.kv_index
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on etl_api.kv_index is 'Owners and admins, in their org only.';

drop policy if exists nobody on etl_api.kv_mapping;
create policy nobody on etl_api.kv_mapping
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.kv_mapping is 'Of no use to a user: the operator only.';

drop policy if exists nobody on etl_api.kv_change;
create policy nobody on etl_api.kv_change
  for all to authenticated
  using (false)
  with check (false);
comment on policy nobody on etl_api.kv_change is 'Of no use to a user: the engine and its operator only.';

drop policy if exists members_read on etl_api.kv_misfit;
create policy members_read on etl_api.kv_misfit
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.kv_misfit is 'Members read the rows of their orgs.';
