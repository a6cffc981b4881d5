-- Tables, columns and statuses are configuration: members read it, owners and admins write it. Records are what members
-- work with; what was generated, and how far it is, the functions write.
revoke all on
  public.tables,
  public.table_columns,
  public.table_statuses,
  public.records,
  public.ai_generation_jobs,
  public.ai_generated_records,
  public.ai_generation_events
from public, anon, authenticated, service_role;
grant select on
  public.tables,
  public.table_columns,
  public.table_statuses,
  public.records,
  public.ai_generation_jobs,
  public.ai_generated_records,
  public.ai_generation_events
to authenticated;
grant delete on public.tables, public.table_columns, public.table_statuses, public.records to authenticated;
grant
  insert (id, organization_id, name, label, contract),
  update (name, label, contract, deleted_at)
  on public.tables to authenticated;
grant
  insert (table_id, organization_id, name, label, type, options, format, is_required, default_value, display_order),
  update (name, label, type, options, format, is_required, default_value, display_order, is_inferred)
  on public.table_columns to authenticated;
grant
  insert (table_id, organization_id, name, label, display_order),
  update (name, label, display_order)
  on public.table_statuses to authenticated;
grant
  insert (table_id, organization_id, name, email, company, status, data),
  update (name, email, company, status, data, deleted_at)
  on public.records to authenticated;
grant select, insert, update, delete on
  public.tables,
  public.table_columns,
  public.table_statuses,
  public.records,
  public.ai_generation_jobs,
  public.ai_generated_records,
  public.ai_generation_events
to service_role;
revoke all on sequence public.ai_generation_events_seq_seq from public, anon, authenticated, service_role;

drop policy if exists members_read on public.tables;
create policy members_read on public.tables
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.tables is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.table_columns;
create policy members_read on public.table_columns
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.table_columns is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.table_statuses;
create policy members_read on public.table_statuses
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.table_statuses is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.records;
create policy members_read on public.records
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.records is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.ai_generation_jobs;
create policy members_read on public.ai_generation_jobs
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.ai_generation_jobs is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.ai_generated_records;
create policy members_read on public.ai_generated_records
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.ai_generated_records is 'Members read the rows of their orgs.';

drop policy if exists members_read on public.ai_generation_events;
create policy members_read on public.ai_generation_events
  for select to authenticated
  using (organization_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.ai_generation_events is 'Members read the rows of their orgs.';

drop policy if exists admins_insert on public.tables;
create policy admins_insert on public.tables
  for insert to authenticated
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.tables is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.tables;
create policy admins_update on public.tables
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.tables is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.tables;
create policy admins_delete on public.tables
  for delete to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.tables is 'Owners and admins, in their org only.';

drop policy if exists admins_insert on public.table_columns;
create policy admins_insert on public.table_columns
  for insert to authenticated
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.table_columns is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.table_columns;
create policy admins_update on public.table_columns
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.table_columns is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.table_columns;
create policy admins_delete on public.table_columns
  for delete to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.table_columns is 'Owners and admins, in their org only.';

drop policy if exists admins_insert on public.table_statuses;
create policy admins_insert on public.table_statuses
  for insert to authenticated
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.table_statuses is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.table_statuses;
create policy admins_update on public.table_statuses
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.table_statuses is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.table_statuses;
create policy admins_delete on public.table_statuses
  for delete to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.table_statuses is 'Owners and admins, in their org only.';

drop policy if exists members_insert on public.records;
create policy members_insert on public.records
  for insert to authenticated
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin,member}'))));
comment on policy members_insert on public.records is 'Members, not viewers, for their org only.';

drop policy if exists members_update on public.records;
create policy members_update on public.records
  for update to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin,member}'))))
  with check (organization_id = any (array(select etl_api.my_orgs('{owner,admin,member}'))));
comment on policy members_update on public.records is 'Members, not viewers, in their org only.';

drop policy if exists members_delete on public.records;
create policy members_delete on public.records
  for delete to authenticated
  using (organization_id = any (array(select etl_api.my_orgs('{owner,admin,member}'))));
comment on policy members_delete on public.records is 'Members, not viewers, in their org only.';
