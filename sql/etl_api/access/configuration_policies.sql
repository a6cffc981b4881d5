-- Configuration: everybody signed in reads what is shared, members read their org's, owners and admins write it.

drop policy if exists members_read on public.object_type;
create policy members_read on public.object_type
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.object_type is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.object_type;
create policy admins_insert on public.object_type
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.object_type is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.object_type;
create policy admins_update on public.object_type
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.object_type is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.object_type;
create policy admins_delete on public.object_type
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.object_type is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.datapoint;
create policy members_read on public.datapoint
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.datapoint is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.datapoint;
create policy admins_insert on public.datapoint
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.datapoint is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.datapoint;
create policy admins_update on public.datapoint
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.datapoint is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.datapoint;
create policy admins_delete on public.datapoint
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.datapoint is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.source;
create policy members_read on public.source
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.source is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.source;
create policy admins_insert on public.source
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.source is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.source;
create policy admins_update on public.source
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.source is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.source;
create policy admins_delete on public.source
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.source is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.object_source;
create policy members_read on public.object_source
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.object_source is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.object_source;
create policy admins_insert on public.object_source
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.object_source is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.object_source;
create policy admins_update on public.object_source
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.object_source is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.object_source;
create policy admins_delete on public.object_source
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.object_source is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.datapoint_source;
create policy members_read on public.datapoint_source
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.datapoint_source is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.datapoint_source;
create policy admins_insert on public.datapoint_source
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.datapoint_source is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.datapoint_source;
create policy admins_update on public.datapoint_source
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.datapoint_source is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.datapoint_source;
create policy admins_delete on public.datapoint_source
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.datapoint_source is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.activity;
create policy members_read on public.activity
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.activity is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.activity;
create policy admins_insert on public.activity
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.activity is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.activity;
create policy admins_update on public.activity
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.activity is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.activity;
create policy admins_delete on public.activity
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.activity is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.factor;
create policy members_read on public.factor
  for select to authenticated
  using (org_id is null or org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.factor is 'Shared rows, and those of the reader''s orgs.';

drop policy if exists admins_insert on public.factor;
create policy admins_insert on public.factor
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.factor is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.factor;
create policy admins_update on public.factor
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.factor is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.factor;
create policy admins_delete on public.factor
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.factor is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.webhook_endpoint;
create policy members_read on public.webhook_endpoint
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.webhook_endpoint is 'Members read the rows of their orgs.';

drop policy if exists admins_insert on public.webhook_endpoint;
create policy admins_insert on public.webhook_endpoint
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.webhook_endpoint is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.webhook_endpoint;
create policy admins_update on public.webhook_endpoint
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.webhook_endpoint is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.webhook_endpoint;
create policy admins_delete on public.webhook_endpoint
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.webhook_endpoint is 'Owners and admins, in their org only.';

drop policy if exists members_read on public.workflow_schedule;
create policy members_read on public.workflow_schedule
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on public.workflow_schedule is 'Members read the rows of their orgs.';

drop policy if exists admins_insert on public.workflow_schedule;
create policy admins_insert on public.workflow_schedule
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on public.workflow_schedule is 'Owners and admins, for their org only.';

drop policy if exists admins_update on public.workflow_schedule;
create policy admins_update on public.workflow_schedule
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on public.workflow_schedule is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on public.workflow_schedule;
create policy admins_delete on public.workflow_schedule
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on public.workflow_schedule is 'Owners and admins, in their org only.';

drop policy if exists members_read on etl_api.alert_rule;
create policy members_read on etl_api.alert_rule
  for select to authenticated
  using (org_id = any (array(select etl_api.my_orgs())));
comment on policy members_read on etl_api.alert_rule is 'Members read the rows of their orgs.';

drop policy if exists admins_insert on etl_api.alert_rule;
create policy admins_insert on etl_api.alert_rule
  for insert to authenticated
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_insert on etl_api.alert_rule is 'Owners and admins, for their org only.';

drop policy if exists admins_update on etl_api.alert_rule;
create policy admins_update on etl_api.alert_rule
  for update to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))))
  with check (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_update on etl_api.alert_rule is 'Owners and admins, in their org only.';

drop policy if exists admins_delete on etl_api.alert_rule;
create policy admins_delete on etl_api.alert_rule
  for delete to authenticated
  using (org_id = any (array(select etl_api.my_orgs('{owner,admin}'))));
comment on policy admins_delete on etl_api.alert_rule is 'Owners and admins, in their org only.';
