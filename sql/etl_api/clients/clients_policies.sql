-- Rows come in through etl_api.ingest_client_data, or by the service. Members of the tenant read here; a client that signs
-- in is no member, and has public.get_client_data_filtered and its sisters.
revoke all on public.clients, public.client_schemas, public.client_schema_versions, public.client_data,
  etl_api.client_count_delta, etl_api.client_upload from public, anon, authenticated, service_role;
grant select, insert, delete on public.clients to authenticated;
grant update (company_name, email, user_id) on public.clients to authenticated;
grant select, insert, update, delete on public.clients to service_role;
grant select on public.client_schemas, public.client_schema_versions, public.client_data, etl_api.client_count_delta,
  etl_api.client_upload to authenticated;
grant update (contract) on public.client_schemas to authenticated;
grant select, insert, update, delete on public.client_data, public.client_schemas to service_role;
grant select on public.client_schema_versions, etl_api.client_count_delta, etl_api.client_upload to service_role;
revoke all on sequence public.client_data_id_seq from public, anon, authenticated, service_role;

drop policy if exists members_read on public.clients;
create policy members_read on public.clients
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.clients is 'Members read the clients of their orgs.';

drop policy if exists admins_insert on public.clients;
create policy admins_insert on public.clients
  for insert to authenticated
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.clients is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.clients;
create policy admins_update on public.clients
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.clients is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.clients;
create policy admins_delete on public.clients
  for delete to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.clients is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.client_schemas;
create policy members_read on public.client_schemas
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.client_schemas is 'Members read the rows of their orgs.';

drop policy if exists admins_update on public.client_schemas;
create policy admins_update on public.client_schemas
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.client_schemas is 'Owners and admins, in their org only; the contract and nothing else.';

drop policy if exists members_read on public.client_schema_versions;
create policy members_read on public.client_schema_versions
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.client_schema_versions is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.client_data;
create policy members_read on public.client_data
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.client_data is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.client_count_delta;
create policy members_read on etl_api.client_count_delta
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.client_count_delta is 'Members read the rows of their orgs.';

drop policy if exists members_read on etl_api.client_upload;
create policy members_read on etl_api.client_upload
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.client_upload is 'Members read the rows of their orgs.';
