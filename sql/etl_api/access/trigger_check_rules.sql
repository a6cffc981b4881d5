-- What the engine reads at work is checked when it is written.

drop trigger if exists check_source_rules_insert on public.source;
create trigger check_source_rules_insert
  after insert on public.source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_source_rules();
comment on trigger check_source_rules_insert on public.source is
  'Templates and limits are valid before the engine meets them.';

drop trigger if exists check_source_rules_update on public.source;
create trigger check_source_rules_update
  after update on public.source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_source_rules();
comment on trigger check_source_rules_update on public.source is
  'Templates and limits are valid before the engine meets them.';

drop trigger if exists check_activity_rules_insert on public.activity;
create trigger check_activity_rules_insert
  after insert on public.activity
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_activity_rules();
comment on trigger check_activity_rules_insert on public.activity is
  'The type of an activity is known before a request names it.';

drop trigger if exists check_activity_rules_update on public.activity;
create trigger check_activity_rules_update
  after update on public.activity
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_activity_rules();
comment on trigger check_activity_rules_update on public.activity is
  'The type of an activity is known before a request names it.';

drop trigger if exists check_mapping_rules_insert on public.object_source;
create trigger check_mapping_rules_insert
  after insert on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_rules();
comment on trigger check_mapping_rules_insert on public.object_source is
  'A mapping is valid before the engine meets it.';

drop trigger if exists check_mapping_rules_update on public.object_source;
create trigger check_mapping_rules_update
  after update on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_rules();
comment on trigger check_mapping_rules_update on public.object_source is
  'A mapping is valid before the engine meets it.';

drop trigger if exists check_mapping_rules_insert on public.datapoint_source;
create trigger check_mapping_rules_insert
  after insert on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_rules();
comment on trigger check_mapping_rules_insert on public.datapoint_source is
  'A mapping is valid before the engine meets it.';

drop trigger if exists check_mapping_rules_update on public.datapoint_source;
create trigger check_mapping_rules_update
  after update on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_mapping_rules();
comment on trigger check_mapping_rules_update on public.datapoint_source is
  'A mapping is valid before the engine meets it.';
