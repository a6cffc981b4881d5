-- A row of an org names only rows of that org or shared ones; see etl_api.check_config_org.

drop trigger if exists check_config_org_insert on public.datapoint;
create trigger check_config_org_insert
  after insert on public.datapoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on public.datapoint is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on public.datapoint;
create trigger check_config_org_update
  after update on public.datapoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on public.datapoint is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_insert on public.object_source;
create trigger check_config_org_insert
  after insert on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on public.object_source is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on public.object_source;
create trigger check_config_org_update
  after update on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on public.object_source is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_insert on public.datapoint_source;
create trigger check_config_org_insert
  after insert on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on public.datapoint_source is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on public.datapoint_source;
create trigger check_config_org_update
  after update on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on public.datapoint_source is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_insert on public.factor;
create trigger check_config_org_insert
  after insert on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on public.factor is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on public.factor;
create trigger check_config_org_update
  after update on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on public.factor is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_insert on public.activity;
create trigger check_config_org_insert
  after insert on public.activity
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_insert on public.activity is
  'What a row names belongs to its own org or is shared.';

drop trigger if exists check_config_org_update on public.activity;
create trigger check_config_org_update
  after update on public.activity
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_config_org();
comment on trigger check_config_org_update on public.activity is
  'What a row names belongs to its own org or is shared.';
