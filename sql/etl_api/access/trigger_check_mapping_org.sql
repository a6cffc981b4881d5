-- A tenant never decides how other tenants' answers and requests are read; see etl_api.check_mapping_org.

drop trigger if exists check_mapping_org_insert on public.object_source;
create trigger check_mapping_org_insert
  after insert on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_org();
comment on trigger check_mapping_org_insert on public.object_source is
  'What is shared on both sides is mapped for all by a shared row.';

drop trigger if exists check_mapping_org_update on public.object_source;
create trigger check_mapping_org_update
  after update on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_org();
comment on trigger check_mapping_org_update on public.object_source is
  'What is shared on both sides is mapped for all by a shared row.';

drop trigger if exists check_mapping_org_insert on public.datapoint_source;
create trigger check_mapping_org_insert
  after insert on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_org();
comment on trigger check_mapping_org_insert on public.datapoint_source is
  'What is shared on both sides is mapped for all by a shared row.';

drop trigger if exists check_mapping_org_update on public.datapoint_source;
create trigger check_mapping_org_update
  after update on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_org();
comment on trigger check_mapping_org_update on public.datapoint_source is
  'What is shared on both sides is mapped for all by a shared row.';
