-- Every table of configuration; what the engine writes into one by itself is left out. A test looks for tables that were
-- forgotten. The names come before those of other triggers, so that an entry comes before those of what follows from it.

drop trigger if exists audit_insert on public.org;
create trigger audit_insert
  after insert on public.org
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{request_count,run_count,object_count,datapoint_count}');
comment on trigger audit_insert on public.org is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.org;
create trigger audit_delete
  after delete on public.org
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{request_count,run_count,object_count,datapoint_count}');
comment on trigger audit_delete on public.org is
  'Who changed it is written to the audit log.';

-- By row and by column, since the counters of the same row are written all the time. Of free_objects the engine only
-- counts down; who raises it, takes the limit away or sets one, is somebody.
drop trigger if exists audit_update on public.org;
create trigger audit_update
  after update of name, slug, settings, free_objects, last_charge, next_charge, deleted_at on public.org
  for each row
  when (
    (old.name, old.slug, old.settings, old.last_charge, old.next_charge, old.deleted_at)
      is distinct from (new.name, new.slug, new.settings, new.last_charge, new.next_charge, new.deleted_at)
    or new.free_objects > old.free_objects
    or (new.free_objects is null) <> (old.free_objects is null))
  execute function etl_api.audit_org('{request_count,run_count,object_count,datapoint_count}');
comment on trigger audit_update on public.org is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.org_member;
create trigger audit_insert
  after insert on public.org_member
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{org_id,user_id}', '{}');
comment on trigger audit_insert on public.org_member is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.org_member;
create trigger audit_update
  after update on public.org_member
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{org_id,user_id}', '{}');
comment on trigger audit_update on public.org_member is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.org_member;
create trigger audit_delete
  after delete on public.org_member
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{org_id,user_id}', '{}');
comment on trigger audit_delete on public.org_member is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.object_type;
create trigger audit_insert
  after insert on public.object_type
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.object_type is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.object_type;
create trigger audit_update
  after update on public.object_type
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.object_type is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.object_type;
create trigger audit_delete
  after delete on public.object_type
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.object_type is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.datapoint;
create trigger audit_insert
  after insert on public.datapoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.datapoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.datapoint;
create trigger audit_update
  after update on public.datapoint
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.datapoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.datapoint;
create trigger audit_delete
  after delete on public.datapoint
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.datapoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.source;
create trigger audit_insert
  after insert on public.source
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.source;
create trigger audit_update
  after update on public.source
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.source;
create trigger audit_delete
  after delete on public.source
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.object_source;
create trigger audit_insert
  after insert on public.object_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.object_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.object_source;
create trigger audit_update
  after update on public.object_source
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.object_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.object_source;
create trigger audit_delete
  after delete on public.object_source
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.object_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.datapoint_source;
create trigger audit_insert
  after insert on public.datapoint_source
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.datapoint_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.datapoint_source;
create trigger audit_update
  after update on public.datapoint_source
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.datapoint_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.datapoint_source;
create trigger audit_delete
  after delete on public.datapoint_source
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.datapoint_source is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.activity;
create trigger audit_insert
  after insert on public.activity
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.activity is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.activity;
create trigger audit_update
  after update on public.activity
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.activity is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.activity;
create trigger audit_delete
  after delete on public.activity
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.activity is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.factor;
create trigger audit_insert
  after insert on public.factor
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{description}');
comment on trigger audit_insert on public.factor is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.factor;
create trigger audit_update
  after update on public.factor
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{description}');
comment on trigger audit_update on public.factor is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.factor;
create trigger audit_delete
  after delete on public.factor
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{description}');
comment on trigger audit_delete on public.factor is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.webhook_endpoint;
create trigger audit_insert
  after insert on public.webhook_endpoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{failing_since}');
comment on trigger audit_insert on public.webhook_endpoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.webhook_endpoint;
create trigger audit_update
  after update on public.webhook_endpoint
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{failing_since}');
comment on trigger audit_update on public.webhook_endpoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.webhook_endpoint;
create trigger audit_delete
  after delete on public.webhook_endpoint
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{failing_since}');
comment on trigger audit_delete on public.webhook_endpoint is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.workflow_schedule;
create trigger audit_insert
  after insert on public.workflow_schedule
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{next_at,last_at,last_request_id}');
comment on trigger audit_insert on public.workflow_schedule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.workflow_schedule;
create trigger audit_update
  after update on public.workflow_schedule
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{next_at,last_at,last_request_id}');
comment on trigger audit_update on public.workflow_schedule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.workflow_schedule;
create trigger audit_delete
  after delete on public.workflow_schedule
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{next_at,last_at,last_request_id}');
comment on trigger audit_delete on public.workflow_schedule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on etl_api.alert_rule;
create trigger audit_insert
  after insert on etl_api.alert_rule
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{checked_at}');
comment on trigger audit_insert on etl_api.alert_rule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on etl_api.alert_rule;
create trigger audit_update
  after update on etl_api.alert_rule
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{checked_at}');
comment on trigger audit_update on etl_api.alert_rule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on etl_api.alert_rule;
create trigger audit_delete
  after delete on etl_api.alert_rule
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{checked_at}');
comment on trigger audit_delete on etl_api.alert_rule is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on etl_api.setting;
create trigger audit_insert
  after insert on etl_api.setting
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{name}', '{}');
comment on trigger audit_insert on etl_api.setting is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on etl_api.setting;
create trigger audit_update
  after update on etl_api.setting
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{name}', '{}');
comment on trigger audit_update on etl_api.setting is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on etl_api.setting;
create trigger audit_delete
  after delete on etl_api.setting
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{name}', '{}');
comment on trigger audit_delete on etl_api.setting is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on etl_api.secret;
create trigger audit_insert
  after insert on etl_api.secret
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{ciphertext,last_used_at}');
comment on trigger audit_insert on etl_api.secret is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on etl_api.secret;
create trigger audit_update
  after update on etl_api.secret
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{ciphertext,last_used_at}');
comment on trigger audit_update on etl_api.secret is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on etl_api.secret;
create trigger audit_delete
  after delete on etl_api.secret
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{ciphertext,last_used_at}');
comment on trigger audit_delete on etl_api.secret is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on etl_api.retention;
create trigger audit_insert
  after insert on etl_api.retention
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on etl_api.retention is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on etl_api.retention;
create trigger audit_update
  after update on etl_api.retention
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on etl_api.retention is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on etl_api.retention;
create trigger audit_delete
  after delete on etl_api.retention
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on etl_api.retention is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on etl_api.kv_index;
create trigger audit_insert
  after insert on etl_api.kv_index
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on etl_api.kv_index is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on etl_api.kv_index;
create trigger audit_update
  after update on etl_api.kv_index
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on etl_api.kv_index is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on etl_api.kv_index;
create trigger audit_delete
  after delete on etl_api.kv_index
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on etl_api.kv_index is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on etl_api.kv_mapping;
create trigger audit_insert
  after insert on etl_api.kv_mapping
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{name}', '{apply_sql,values_sql,migrated_at}');
comment on trigger audit_insert on etl_api.kv_mapping is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on etl_api.kv_mapping;
create trigger audit_update
  after update on etl_api.kv_mapping
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{name}', '{apply_sql,values_sql,migrated_at}');
comment on trigger audit_update on etl_api.kv_mapping is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on etl_api.kv_mapping;
create trigger audit_delete
  after delete on etl_api.kv_mapping
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{name}', '{apply_sql,values_sql,migrated_at}');
comment on trigger audit_delete on etl_api.kv_mapping is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.tables;
create trigger audit_insert
  after insert on public.tables
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.tables is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.tables;
create trigger audit_update
  after update on public.tables
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.tables is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.tables;
create trigger audit_delete
  after delete on public.tables
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.tables is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.table_columns;
create trigger audit_insert
  after insert on public.table_columns
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.table_columns is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.table_columns;
create trigger audit_update
  after update on public.table_columns
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.table_columns is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.table_columns;
create trigger audit_delete
  after delete on public.table_columns
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.table_columns is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.table_statuses;
create trigger audit_insert
  after insert on public.table_statuses
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_insert on public.table_statuses is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.table_statuses;
create trigger audit_update
  after update on public.table_statuses
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_update on public.table_statuses is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.table_statuses;
create trigger audit_delete
  after delete on public.table_statuses
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{}');
comment on trigger audit_delete on public.table_statuses is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_insert on public.clients;
create trigger audit_insert
  after insert on public.clients
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{client_id}', '{updated_at}');
comment on trigger audit_insert on public.clients is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.clients;
create trigger audit_update
  after update on public.clients
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{client_id}', '{updated_at}');
comment on trigger audit_update on public.clients is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.clients;
create trigger audit_delete
  after delete on public.clients
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{client_id}', '{updated_at}');
comment on trigger audit_delete on public.clients is
  'Who changed it is written to the audit log.';

-- The contract alone is somebody's choice; the rest is found out.
drop trigger if exists audit_insert on public.client_schemas;
create trigger audit_insert
  after insert on public.client_schemas
  referencing new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{schema_definition,version,data_stored,row_count,updated_at}');
comment on trigger audit_insert on public.client_schemas is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_update on public.client_schemas;
create trigger audit_update
  after update on public.client_schemas
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{schema_definition,version,data_stored,row_count,updated_at}');
comment on trigger audit_update on public.client_schemas is
  'Who changed it is written to the audit log.';

drop trigger if exists audit_delete on public.client_schemas;
create trigger audit_delete
  after delete on public.client_schemas
  referencing old table as old_rows
  for each statement
  execute function etl_api.audit_configuration('{id}', '{schema_definition,version,data_stored,row_count,updated_at}');
comment on trigger audit_delete on public.client_schemas is
  'Who changed it is written to the audit log.';
