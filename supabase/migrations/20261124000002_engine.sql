-- migrate:up
-- Written by `npm run migration` from the files under sql/.

-- Whoever is at work is let finish. What cannot be had soon is given back and asked for again, so that nobody who holds
-- one table and waits for another is ended for it.
do $locks$
declare
  before constant text := current_setting('lock_timeout');
begin
  for turn in 1..600 loop
    perform set_config('lock_timeout', least(800, (40 * 1.02 ^ turn)::int) || 'ms', true);
    begin
      lock table
        public.org,
        public.org_member,
        public.object_type,
        public.datapoint,
        public.source,
        public.object_source,
        public.datapoint_source,
        public.activity,
        public.factor,
        public.webhook_endpoint,
        public.workflow_schedule,
        etl_api.alert_rule,
        etl_api.setting,
        etl_api.secret,
        etl_api.retention,
        public.tables,
        public.table_columns,
        public.table_statuses,
        public.clients,
        public.client_schemas,
        etl_api.kv_index,
        etl_api.kv_mapping
        in access exclusive mode;
      perform set_config('lock_timeout', before, true);
      return;
    exception when lock_not_available then
      perform pg_sleep(random() * 0.05);
    end;
  end loop;
  raise exception using
    errcode = 'lock_not_available',
    message = 'The tables are in use all the time, by transactions that do not end: nothing was changed.',
    hint = 'pg_stat_activity tells who holds them. Try again when those have ended.';
end
$locks$;

-- Functions may name each other in a circle.
set local check_function_bodies = off;

-- source: sql/etl_api/audit/trigger_audit.sql
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
-- end of source

-- source: sql/etl_api/clients/land_client_rows.sql
create or replace function etl_api.land_client_rows(
  target public.client_schemas, rows jsonb, columns jsonb, contract text, unknown text[], first bigint default 0,
  out stored bigint, out failed bigint, out warned bigint, out errors jsonb, out warnings jsonb)
returns record
language plpgsql
set search_path = ''
set jit = off
as $$
#variable_conflict use_column
declare
  half constant int := pg_catalog.jsonb_array_length(rows) / 2;
  fault_state text;
  fault_message text;
begin
  begin
    with landed as materialized (
      select l.n, l.data, l.originals, l.warnings, l.fault
      from etl_api.coerce_landing(rows, columns, contract, unknown) as l
    ), written as (
      insert into public.client_data (client_id, organization_id, table_name, data, originals, created_at)
      select (target).client_id, (target).organization_id, (target).table_name, l.data, l.originals, utils.now()
      from landed as l
      where l.fault is null
      order by l.n
    )
    select
      pg_catalog.count(*) filter (where l.fault is null),
      pg_catalog.count(*) filter (where l.fault is not null),
      coalesce(pg_catalog.sum(pg_catalog.jsonb_array_length(l.warnings)) filter (where l.fault is null), 0),
      coalesce(
        pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('index', first + l.n - 1,
          'code', case when pg_catalog.jsonb_typeof(l.data) = 'object' then 'unknown_field' else 'invalid_row' end,
          -- Its place is told beside it: within a file another than within these rows.
          'error', case when pg_catalog.jsonb_typeof(l.data) = 'object' then l.fault
            else pg_catalog.format('a row is an object, not %s', pg_catalog.jsonb_typeof(l.data)) end) order by l.n) filter (where l.fault is not null), '[]'),
      coalesce((
        select pg_catalog.jsonb_agg(w.warning order by w.n)
        from (
          select f.n, pg_catalog.jsonb_build_object('index', first + f.n - 1, 'field', v.value -> 'field', 'warning', v.value -> 'warning') as warning
          from landed as f
          cross join lateral pg_catalog.jsonb_array_elements(f.warnings) as v (value)
          where f.fault is null
          order by f.n
          limit 100
        ) as w), '[]')
    into stored, failed, warned, errors, warnings
    from landed as l;
    return;
  exception when others then
    get stacked diagnostics fault_state = returned_sqlstate, fault_message = message_text;
    if etl_api.fault_passes(fault_state) then
      raise;
    end if;
  end;

  if half > 0 then
    select pg_catalog.sum(h.stored), pg_catalog.sum(h.failed), pg_catalog.sum(h.warned),
      pg_catalog.jsonb_path_query_array(pg_catalog.jsonb_agg(h.errors order by part.place), '$[*][*]'),
      pg_catalog.jsonb_path_query_array(pg_catalog.jsonb_agg(h.warnings order by part.place), '$[*][*]')
    into stored, failed, warned, errors, warnings
    from (
      select pg_catalog.min(r.n) - 1 as place, pg_catalog.jsonb_agg(r.value order by r.n) as rows
      from pg_catalog.jsonb_array_elements(rows) with ordinality as r (value, n)
      group by r.n > half
    ) as part
    cross join lateral etl_api.land_client_rows(target, part.rows, columns, contract, unknown, first + part.place) as h;
    return;
  end if;
  stored := 0;
  failed := 1;
  warned := 0;
  errors := pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('index', first, 'code', fault_state, 'error', fault_message));
  warnings := '[]';
end
$$;

comment on function etl_api.land_client_rows(public.client_schemas, jsonb, jsonb, text, text[], bigint) is
  'Stores rows in a client''s table, made what its columns want, in one statement; when that fails, halves them until the one that cannot be stored stands alone. first: the place of the first row, for the report.';

revoke execute on function etl_api.land_client_rows(public.client_schemas, jsonb, jsonb, text, text[], bigint) from public;
-- end of source

-- source: sql/etl_api/delivery/check_endpoint_url.sql
create or replace function etl_api.check_endpoint_url() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if etl_api.is_webhook_url(new.url) is not true then
    -- What it says is not repeated: a password may be in it.
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('webhook_endpoint %s: url: it is an http or https address without user, password and spaces; this is none', new.id),
      hint = 'Give an address such as "https://client.example/hook". What it asks for to let messages in goes into headers, as <<$secret.NAME>>.';
  end if;
  return new;
end
$$;

comment on function etl_api.check_endpoint_url() is
  'Refuses the address of an endpoint that no message could be sent to, or that has a password in it. ETL07.';

revoke execute on function etl_api.check_endpoint_url() from public;
-- end of source

-- source: sql/etl_api/delivery/trigger_follow_endpoints.sql
drop trigger if exists check_endpoint_rules_insert on public.webhook_endpoint;
create trigger check_endpoint_rules_insert
  after insert on public.webhook_endpoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_endpoint_rules();
comment on trigger check_endpoint_rules_insert on public.webhook_endpoint is
  'Headers and schedule are valid before the engine meets them.';

drop trigger if exists check_endpoint_rules_update on public.webhook_endpoint;
create trigger check_endpoint_rules_update
  after update on public.webhook_endpoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.check_endpoint_rules();
comment on trigger check_endpoint_rules_update on public.webhook_endpoint is
  'Headers and schedule are valid before the engine meets them.';

drop trigger if exists check_endpoint_url on public.webhook_endpoint;
create trigger check_endpoint_url
  before insert or update of url on public.webhook_endpoint
  for each row
  execute function etl_api.check_endpoint_url();
comment on trigger check_endpoint_url on public.webhook_endpoint is
  'An address is one that messages can be sent to; one from before stays until it is changed.';

drop trigger if exists keep_endpoint_marks on public.webhook_endpoint;
create trigger keep_endpoint_marks
  before update of disabled_at on public.webhook_endpoint
  for each row
  when (old.disabled_at is not null and new.disabled_at is null)
  execute function etl_api.keep_endpoint_marks();
comment on trigger keep_endpoint_marks on public.webhook_endpoint is
  'An endpoint in use again begins anew.';

drop trigger if exists follow_endpoints on public.webhook_endpoint;
create trigger follow_endpoints
  after update on public.webhook_endpoint
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.follow_endpoints();
comment on trigger follow_endpoints on public.webhook_endpoint is
  'Messages wait while their endpoint is disabled, and go on when it is in use again.';

drop trigger if exists follow_orgs on public.org;
create trigger follow_orgs
  after update of settings, deleted_at on public.org
  for each row
  when (old.settings -> 'ordered_deliveries' is distinct from new.settings -> 'ordered_deliveries'
    or (old.deleted_at is null) <> (new.deleted_at is null))
  execute function etl_api.follow_orgs();
comment on trigger follow_orgs on public.org is
  'What is known of a lane holds for the order it had.';
-- end of source

-- source: sql/etl_api/kv/kv_column_type.sql
create or replace function etl_api.kv_column_type(type text, out column_type text, out read_sql text, out back_sql text)
language plpgsql stable
set search_path = ''
as $$
begin
  -- read_sql: %1$s is the JSON found; null when it does not fit. back_sql: %1$s is the column.
  column_type := type;
  back_sql := 'pg_catalog.to_jsonb(%1$s)';
  case
    when type = 'text' then
      read_sql := 'case pg_catalog.jsonb_typeof(%1$s) when ''string'' then %1$s #>> ''{}'' end';
    when type = 'bigint' then
      read_sql := 'case when pg_catalog.jsonb_typeof(%1$s) = ''number'' and (%1$s)::text ~ ''^-?[0-9]{1,18}$'' then (%1$s)::bigint end';
    when type = 'numeric' then
      read_sql := 'case pg_catalog.jsonb_typeof(%1$s) when ''number'' then (%1$s)::numeric end';
    when type = 'boolean' then
      read_sql := 'case pg_catalog.jsonb_typeof(%1$s) when ''boolean'' then (%1$s)::boolean end';
    when type = 'timestamptz' then
      read_sql := 'utils.timestamptz_or_null(%1$s)';
      back_sql := 'pg_catalog.to_jsonb(utils.iso_time(%1$s))';
    when type = 'date' then
      read_sql := 'utils.date_or_null(%1$s)';
      back_sql := 'pg_catalog.to_jsonb(pg_catalog.to_char(%1$s, ''YYYY-MM-DD''))';
    when type = 'jsonb' then
      read_sql := '%1$s';
      back_sql := '%1$s';
    when type = 'text[]' then
      read_sql := 'case when pg_catalog.jsonb_typeof(%1$s) = ''array'' and not %1$s @? ''$[*] ? (@.type() != "string")'''
        || ' then array(select e.value #>> ''{}'' from pg_catalog.jsonb_array_elements(%1$s) as e) end';
    when type ~ '^vector\([1-9][0-9]{0,3}\)$' then
      -- Without the extension it is plain numbers: all that is missing is the search.
      if exists (select 1 from pg_catalog.pg_extension as e where e.extname = 'vector') then
        column_type := pg_catalog.format('%s.%s', (
          select pg_catalog.quote_ident(n.nspname)
          from pg_catalog.pg_extension as e
          join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
          where e.extname = 'vector'), type);
        read_sql := pg_catalog.format(
          'case when pg_catalog.jsonb_typeof(%%1$s) = ''array'' and pg_catalog.jsonb_array_length(%%1$s) = %s'
            || ' and not %%1$s @? ''$[*] ? (@.type() != "number" || @.abs() > 3.4e38)'' then (%%1$s)::text::%s end',
          pg_catalog.substring(type, '[0-9]+'), column_type);
        back_sql := '(%1$s)::text::jsonb';
      else
        column_type := 'double precision[]';
        read_sql := pg_catalog.format(
          'case when pg_catalog.jsonb_typeof(%%1$s) = ''array'' and pg_catalog.jsonb_array_length(%%1$s) = %s'
            -- What is beyond the ends of double precision would fail the statement.
            || ' and not %%1$s @? ''$[*] ? (@.type() != "number" || @.abs() > 1.7e308 || (@ != 0 && @.abs() < 1e-307))'''
            || ' then array(select (e.value)::double precision from pg_catalog.jsonb_array_elements(%%1$s) as e) end',
          pg_catalog.substring(type, '[0-9]+'));
      end if;
    else
      null;
  end case;
end
$$;

comment on function etl_api.kv_column_type(text) is
  'The type of a column of a typed table, how it is read out of JSON (null where that does not fit) and written back; read_sql is null for a type that is none.';

revoke execute on function etl_api.kv_column_type(text) from public;
-- end of source

-- source: sql/etl_api/kv/kv_switch.sql
create or replace function etl_api.kv_switch(name text) returns jsonb
language plpgsql
security definer
set search_path = ''
set client_min_messages = warning
as $$
-- The table's name is of small letters, digits and "_", and quoted by format.
-- @plpgsql_check_options: security_warnings = false
declare
  mapping etl_api.kv_mapping := etl_api.kv_find_mapping(kv_switch.name);
  report jsonb := etl_api.kv_follow(mapping.name);
  command text;
begin
  update etl_api.kv_mapping as m
  set state = 'switched'
  where m.name = mapping.name;
  execute pg_catalog.format('grant insert, update, delete on public.%I to authenticated, service_role', mapping.table_name);
  -- A policy for each, so that reading asks one policy only; before there was one for all.
  execute pg_catalog.format('drop policy if exists members_write on public.%I', mapping.table_name);
  foreach command in array '{insert,update,delete}'::text[] loop
    execute pg_catalog.format('drop policy if exists %I on public.%I', 'members_' || command, mapping.table_name);
    execute pg_catalog.format('create policy %I on public.%I for %s to authenticated %s (org_id = any (array(select etl_api.my_orgs(%L))))',
      'members_' || command, mapping.table_name, command, case command when 'insert' then 'with check' else 'using' end,
      '{owner,admin,member}');
  end loop;
  return report;
end
$$;

comment on function etl_api.kv_switch(text) is
  'Lets a mapping''s table take over: what is stored is moved a last time, owners, admins and members may write the table, and the store refuses these keys from then on (what it has stays, to be deleted when nobody reads it any more). Returns the last report; errors as of kv_migrate.';

revoke execute on function etl_api.kv_switch(text) from public;
grant execute on function etl_api.kv_switch(text) to service_role;
-- end of source

-- source: sql/etl_api/kv/kv_write_statements.sql
create or replace function etl_api.kv_write_statements(mapping etl_api.kv_mapping, out apply_sql text, out values_sql text)
language plpgsql stable
set search_path = ''
as $$
declare
  matcher constant text := (utils.key_pattern(mapping.key_pattern)).matcher;
  names constant text[] := (utils.key_pattern(mapping.key_pattern)).names;
  part record;
begin
  -- Each part is a list over the columns; c is the column, o what the value has there, j the column written back.
  select
    pg_catalog.string_agg(pg_catalog.format('%I', c.name), ', ' order by c.place) as listed,
    pg_catalog.string_agg(pg_catalog.format('%I', c.name), ', ' order by c.place) filter (where c.is_key) as key_listed,
    pg_catalog.string_agg(pg_catalog.format('t.%1$I = g.%1$I', c.name), ' and ' order by c.place) filter (where c.is_key) as same_key,
    pg_catalog.string_agg(
      case when c.variable is not null then pg_catalog.format('m.parts[%s] as %I', pg_catalog.array_position(names, c.variable), c.name)
        else pg_catalog.format('%L::text as %I', c.constant, c.name) end, ', ' order by c.place) filter (where c.is_key) as key_read,
    coalesce(', ' || pg_catalog.string_agg(
      pg_catalog.format('s.value #> %L::text[] as _o%s', c.way, c.place), ', ' order by c.place) filter (where not c.is_key), '') as found,
    coalesce(', ' || pg_catalog.string_agg(
      pg_catalog.format(case when c.is_indexed then 'case when pg_catalog.octet_length(f._o%2$s::text) <= %3$s then %1$s end' else '%1$s' end,
        pg_catalog.format(c.read_sql, 'f._o' || c.place), c.place, x.max_bytes)
        || ' as _r' || c.place, ', ' order by c.place) filter (where not c.is_key), '') as read,
    -- A reference is one once the row is there.
    coalesce(', ' || pg_catalog.string_agg(
      case when p.name is not null then pg_catalog.format(
          'case when exists (select from public.%I as p where p.org_id = r.org_id and p.%I = r._r%s) then r._r%s end',
          p.table_name, p.key_name, c.place, c.place)
        else 'r._r' || c.place end || pg_catalog.format(' as %I', c.name), ', ' order by c.place) filter (where not c.is_key), '') as referred,
    -- What a column holds to the letter need not be kept beside it.
    coalesce(pg_catalog.string_agg(
      pg_catalog.format('#- case when %s = c._o%s then %L::text[] else ''{}'' end',
        pg_catalog.format(c.back_sql, pg_catalog.format('c.%I', c.name)), c.place, c.way),
      ' ' order by c.place desc) filter (where not c.is_key), '') as kept_out,
    pg_catalog.string_agg(
      case when c.is_key then null else pg_catalog.format(
        'select c.org_id, c._key, %L as column_name, c._o%s as found, %s as refers_to, %s as problem from cast_row as c where c.%I is null and c._o%s <> ''null''',
        c.name, c.place,
        case when p.name is not null then pg_catalog.format('case when c._r%s is not null then %L end', c.place, p.name) else 'null' end,
        case when p.name is not null then pg_catalog.format('case when c._r%s is not null then %L else %L end', c.place,
            'refers to what is not there', 'is no ' || c.type)
          when c.is_indexed then pg_catalog.format('case when pg_catalog.octet_length(c._o%s::text) > %s then %L else %L end', c.place, x.max_bytes,
            'is too long for its index', 'is no ' || c.type)
          else pg_catalog.quote_literal('is no ' || c.type) end,
        c.name, c.place) end, ' union all ' order by c.place) as misfits,
    pg_catalog.string_agg(pg_catalog.format('%1$I = excluded.%1$I', c.name), ', ' order by c.place) filter (where not c.is_key) as updated,
    pg_catalog.string_agg(pg_catalog.format('t.%I%s', c.name, x.as_text), ', ' order by c.place) filter (where not c.is_key) as had,
    pg_catalog.string_agg(pg_catalog.format('excluded.%I%s', c.name, x.as_text), ', ' order by c.place) filter (where not c.is_key) as has,
    pg_catalog.string_agg(
      pg_catalog.format(', %1$L, case when t.rest #> %1$L is null then ', c.way)
        || pg_catalog.format(c.back_sql, pg_catalog.format('t.%I', c.name)) || ' end, true, ''return_target'')',
      '' order by c.place) filter (where not c.is_key) as back,
    pg_catalog.repeat('pg_catalog.jsonb_set_lax(', pg_catalog.count(*) filter (where not c.is_key)::int) as back_begin,
    coalesce(pg_catalog.string_agg(pg_catalog.format(' and t.%I = %L', c.name, c.constant), '' order by c.place) filter (where c.constant is not null), '')
      as constants
  into part
  from etl_api.kv_columns(mapping) as c
  -- An index takes 2,704 bytes; what is no text may need some times those that it is written in.
  cross join lateral (
    select case when c.is_indexed then case c.column_type when 'text' then 2000 else 500 end end as max_bytes,
      -- The operators of an extension's types are on no search path.
      case when c.type like 'vector(%' then '::text' end as as_text
  ) as x
  left join lateral (
    select m.name, m.table_name, k.name as key_name
    from etl_api.kv_mapping as m
    cross join lateral etl_api.kv_columns(m) as k
    where m.name = c.refers_to
      and k.is_key
  ) as p on true;

  apply_sql := pg_catalog.format($sql$
with found as materialized (
  select g.org_id, g.key as _key, %1$s, s.value as _value, s.expires_at as _expires_at, s.key is not null as _is_there%2$s
  from (select distinct * from unnest($1, $2) as u (org_id, key)) as g
  cross join lateral pg_catalog.regexp_match(g.key, %3$L) as m (parts)
  left join public.kv_store as s
    on s.org_id = g.org_id
    and s.key = g.key
    and (s.expires_at is null or s.expires_at > $3)
  where m.parts is not null
),
read_row as (select f.*%4$s from found as f where f._is_there),
cast_row as materialized (select r.*%5$s from read_row as r),
gone as (
  delete from public.%6$I as t
  using found as g
  where not g._is_there
    and t.org_id = g.org_id
    and %7$s
  returning 1
),
written as (
  insert into public.%6$I as t (org_id, %8$s, rest, expires_at)
  select c.org_id, %9$s,
    case when pg_catalog.jsonb_typeof(c._value) in ('object', 'array') then c._value %10$s else c._value end, c._expires_at
  from cast_row as c
  order by c.org_id, c._key
  on conflict (org_id, %11$s) do update
  set %12$srest = excluded.rest, expires_at = excluded.expires_at
  where (%13$st.rest, t.expires_at) is distinct from (%14$sexcluded.rest, excluded.expires_at)
  returning xmax = 0 as is_new
),
fits as (
  delete from etl_api.kv_misfit as f
  using found as g
  where f.mapping = %15$L
    and f.org_id = g.org_id
    and f.key = g._key
    and not exists (select from (%16$s) as n where n.org_id = f.org_id and n._key = f.key and n.column_name = f.column_name)
  returning 1
),
noted as (
  insert into etl_api.kv_misfit as f (mapping, org_id, key, column_name, problem, found, refers_to)
  select %15$L, n.org_id, n._key, n.column_name, n.problem, n.found, n.refers_to
  from (%16$s) as n
  on conflict (mapping, org_id, key, column_name) do update
  set problem = excluded.problem, found = excluded.found, refers_to = excluded.refers_to
  returning 1
)
select
  (select pg_catalog.count(*) from written as w where w.is_new),
  (select pg_catalog.count(*) from written as w where not w.is_new),
  (select pg_catalog.count(*) from gone),
  (select pg_catalog.count(*) from noted)
$sql$,
    part.key_read, part.found, matcher, part.read, part.referred, mapping.table_name, part.same_key, part.listed,
    (select pg_catalog.string_agg(pg_catalog.format('c.%I', c.name), ', ' order by c.place) from etl_api.kv_columns(mapping) as c),
    part.kept_out, part.key_listed, coalesce(part.updated || ', ', ''), coalesce(part.had || ', ', ''), coalesce(part.has || ', ', ''),
    mapping.name,
    coalesce(part.misfits, 'select null::uuid as org_id, null as _key, null as column_name, null::jsonb as found, null as refers_to, null as problem where false'));

  values_sql := pg_catalog.format('select t.org_id, %s, %st.rest%s, t.expires_at from public.%I as t where true%s',
    etl_api.kv_key_sql(mapping), part.back_begin, coalesce(part.back, ''), mapping.table_name, part.constants);
end
$$;

comment on function etl_api.kv_write_statements(etl_api.kv_mapping) is
  'The two statements of a mapping. apply_sql takes tenants, keys and the time ($1, $2, $3), brings their rows up to what is stored and returns how many were made, changed and deleted, and how many values did not fit. values_sql makes org_id, key, value and expires_at of the rows.';

revoke execute on function etl_api.kv_write_statements(etl_api.kv_mapping) from public;
-- end of source

-- source: sql/etl_api/landing/coerce_landing.sql
create or replace function etl_api.coerce_landing(rows jsonb, columns jsonb, contract text, unknown text[] default '{}')
returns table (n bigint, data jsonb, originals jsonb, warnings jsonb, fault text)
language plpgsql immutable parallel unsafe
rows 1000
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select *
  from etl_api.coerce_landing_rows(array(
    select r.value
    from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) as r (value)), columns, contract, unknown);
end
$$;

comment on function etl_api.coerce_landing(jsonb, jsonb, text, text[]) is
  'Rows as a target''s columns want them (utils.coerce_values), without the fields that contract discard drops; fault says why a row cannot land: it is no object, or has a field that contract freeze refuses. columns and unknown come from etl_api.plan_landing.';

revoke execute on function etl_api.coerce_landing(jsonb, jsonb, text, text[]) from public;
grant execute on function etl_api.coerce_landing(jsonb, jsonb, text, text[]) to service_role;
-- end of source

-- source: sql/etl_api/landing/coerce_landing_rows.sql
create or replace function etl_api.coerce_landing_rows(rows jsonb[], columns jsonb, contract text, unknown text[] default '{}')
returns table (n bigint, data jsonb, originals jsonb, warnings jsonb, fault text)
language plpgsql immutable parallel unsafe
rows 1000
set search_path = ''
as $$
#variable_conflict use_column
begin
  if unknown = '{}' then
    return query
    select v.n, v.data, v.originals, v.warnings,
      case when pg_catalog.jsonb_typeof(v.data) <> 'object'
        then pg_catalog.format('row %s is %s: it must be an object', v.n, pg_catalog.jsonb_typeof(v.data)) end
    from utils.coerce_rows(rows, columns) as v;
    return;
  end if;
  return query
  select v.n, case when contract = 'discard' and pg_catalog.jsonb_typeof(v.data) = 'object' then v.data - unknown else v.data end,
    v.originals, v.warnings,
    case
      when pg_catalog.jsonb_typeof(v.data) <> 'object'
        then pg_catalog.format('row %s is %s: it must be an object', v.n, pg_catalog.jsonb_typeof(v.data))
      when contract = 'freeze' and v.data ?| unknown then pg_catalog.format('unknown %s: the table takes no new fields',
        (select pg_catalog.string_agg(pg_catalog.quote_ident(u.name), ', ') from pg_catalog.unnest(unknown) as u (name) where v.data ? u.name))
    end
  from utils.coerce_rows(rows, columns) as v;
end
$$;

comment on function etl_api.coerce_landing_rows(jsonb[], jsonb, text, text[]) is
  'As etl_api.coerce_landing, of rows that are apart already.';

revoke execute on function etl_api.coerce_landing_rows(jsonb[], jsonb, text, text[]) from public;
grant execute on function etl_api.coerce_landing_rows(jsonb[], jsonb, text, text[]) to service_role;
-- end of source

-- source: sql/etl_api/landing/is_foreseen.sql
-- Of rows that are most likely as those before: to be sure that they are costs little, and what they lack is then found out.
create or replace function etl_api.is_foreseen(rows jsonb[], columns jsonb) returns boolean
language sql immutable parallel safe
set search_path = ''
as $$
  select not exists (
    select 1
    from (select array(select c.value ->> 'name' from pg_catalog.jsonb_array_elements(columns) as c (value)) as names offset 0) as known
    cross join pg_catalog.unnest(rows) as r (value)
    where case when pg_catalog.jsonb_typeof(r.value) = 'object' then r.value - known.names <> '{}' end
  ) and not exists (
    select 1
    from (
      select c.value ->> 'name' as name, c.value ->> 'type' as type, c.value -> 'options' as options
      from pg_catalog.jsonb_array_elements(columns) as c (value)
      where c.value @> '{"open": true}'
        and c.value ->> 'type' in ('select', 'multiselect')
        and pg_catalog.jsonb_typeof(c.value -> 'options') = 'array'
      offset 0
    ) as choice
    cross join pg_catalog.unnest(rows) as r (value)
    where case pg_catalog.jsonb_typeof(r.value -> choice.name)
      when 'string' then choice.type = 'select' and not choice.options ? (r.value ->> choice.name)
      when 'array' then choice.type = 'multiselect' and not choice.options @> (r.value -> choice.name)
    end
  )
$$;

comment on function etl_api.is_foreseen(jsonb[], jsonb) is
  'Whether columns, as etl_api.plan_landing takes them, have every field of these rows, and every choice where the options may grow. False says only that it has to be asked.';

revoke execute on function etl_api.is_foreseen(jsonb[], jsonb) from public;
grant execute on function etl_api.is_foreseen(jsonb[], jsonb) to service_role;
-- end of source

-- source: sql/etl_api/landing/new_options.sql
-- A choice that the engine found out by itself, from the first rows that came, grows with those that come after; one that
-- somebody has written down does not.
create or replace function etl_api.new_options(rows jsonb, columns jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(g.change order by g.name collate "C"), '[]')
  from (
    select c.value ->> 'name' as name,
      case when pg_catalog.count(*) + pg_catalog.jsonb_array_length(c.value -> 'options') <= 100
        then pg_catalog.jsonb_build_object('name', c.value ->> 'name', 'from', c.value ->> 'type', 'to', c.value ->> 'type',
          'options', pg_catalog.jsonb_agg(o.option order by o.uses desc, o.option collate "C"))
        else pg_catalog.jsonb_build_object('name', c.value ->> 'name', 'from', c.value ->> 'type', 'to', 'text',
          'misfits', pg_catalog.sum(o.uses))
      end as change
    from pg_catalog.jsonb_array_elements(columns) as c (value)
    cross join lateral (
      select array(
        select pg_catalog.lower(utils.narrow_text(k.option))
        from pg_catalog.jsonb_array_elements_text(case pg_catalog.jsonb_typeof(c.value -> 'options') when 'array' then c.value -> 'options' end) as k (option)
        where k.option is not null
      ) as names offset 0
    ) as known
    cross join lateral (
      select pg_catalog.btrim(e.option) as option, pg_catalog.count(*) as uses
      from pg_catalog.jsonb_array_elements(rows) as r (value)
      cross join lateral (select r.value -> (c.value ->> 'name') as value offset 0) as f
      cross join lateral pg_catalog.jsonb_array_elements_text(case
        when pg_catalog.jsonb_typeof(f.value) = 'array' and c.value ->> 'type' = 'multiselect' then f.value
        when pg_catalog.jsonb_typeof(f.value) = 'string' and c.value ->> 'type' = 'select' then pg_catalog.jsonb_build_array(f.value)
      end) as e (option)
      where not c.value -> 'options' ? e.option
        -- As utils.option_of has it, but asked for all at once.
        and pg_catalog.lower(utils.narrow_text(e.option)) <> all (known.names)
        and pg_catalog.btrim(e.option) <> ''
      group by 1
    ) as o
    where c.value @> '{"open": true}'
      and c.value ->> 'type' in ('select', 'multiselect')
      and pg_catalog.jsonb_typeof(c.value -> 'options') = 'array'
    group by c.value
  ) as g
$$;

comment on function etl_api.new_options(jsonb, jsonb) is
  'What columns of choices marked "open" lack for these rows: [{"name", "from", "to", "options": [new ones]}]; beyond 100 options such a column becomes text.';

revoke execute on function etl_api.new_options(jsonb, jsonb) from public;
grant execute on function etl_api.new_options(jsonb, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/records/check_table_reader.sql
create or replace function etl_api.check_table_reader(table_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if not exists (
    select 1
    from public.tables as t
    where t.id = check_table_reader.table_id
      and t.deleted_at is null
      and case when auth.uid() is null then etl_api.may_request(null) else t.organization_id in (select etl_api.my_orgs()) end)
  then
    -- Another's and none at all look the same from outside.
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no table %s', coalesce(table_id::text, 'null')),
      hint = 'Give the id of a row of tables.';
  end if;
end
$$;

comment on function etl_api.check_table_reader(uuid) is
  'Refuses a caller who may not read a table of records: the first statement of the doors that do. ETL04: none, it was deleted, or it is of an org the caller does not belong to.';

revoke execute on function etl_api.check_table_reader(uuid) from public;
-- end of source

-- source: sql/etl_api/records/close_generation.sql
create or replace function etl_api.close_generation(job public.ai_generation_jobs, report jsonb, left_out bigint default 0) returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  failures bigint;
  inserted constant int := job.completed_records + (report ->> 'success')::int - (report ->> 'repeated')::int;
  is_over boolean;
  total int;
begin
  -- What is staged and selected is still to come.
  select pg_catalog.count(*) filter (where g.status = 'failed'),
    left_out + pg_catalog.count(*) filter (where g.status = 'staged' and not g.selected)
  into failures, left_out
  from public.ai_generated_records as g
  where g.job_id = job.id
    and g.status <> 'success';
  total := greatest(job.total_records, inserted + failures);
  is_over := inserted + failures + left_out >= job.total_records;
  update public.ai_generation_jobs as j
  set status = case when not is_over then 'processing' when inserted > 0 or failures = 0 then 'completed' else 'failed' end,
      stage = case when not is_over then 'inserting' when inserted > 0 or failures = 0 then 'completed' else 'failed' end,
      total_records = total,
      completed_records = inserted,
      failed_records = failures,
      error_message = coalesce(report #>> '{errors,0,error}', case when failures > 0 then j.error_message end),
      updated_at = utils.now(),
      completed_at = case when is_over then coalesce(j.completed_at, utils.now()) end
  where j.id = job.id;
  if is_over then
    perform etl_api.tell_progress(job, 'complete',
      case when failures = 0 then pg_catalog.format('All %s records inserted successfully', inserted)
        else pg_catalog.format('Inserted %s/%s records (%s failed)', inserted, inserted + failures, failures) end,
      case when failures = 0 then 'success' else 'warning' end, null, inserted, (inserted + failures)::int);
  end if;
end
$$;

comment on function etl_api.close_generation(public.ai_generation_jobs, jsonb, bigint) is
  'Writes down how far a job is after an insertion that left out so many; once nothing is left it is completed, or failed where nothing went in.';

revoke execute on function etl_api.close_generation(public.ai_generation_jobs, jsonb, bigint) from public;
grant execute on function etl_api.close_generation(public.ai_generation_jobs, jsonb, bigint) to service_role;
-- end of source

-- source: sql/etl_api/records/confirm_staged_records.sql
create or replace function etl_api.confirm_staged_records(job_id uuid, selected_indices int[] default null, max_records int default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
-- A lot and what triggers are told of it stay in memory.
set work_mem = '64MB'
as $$
declare
  lot_size constant int := 5000;
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  of_table constant public.tables := etl_api.find_own_table(job.table_id);
  report jsonb := '{"success": 0, "failed": 0, "repeated": 0, "inserted_records": [], "errors": [], "warnings": [], "warning_count": 0}'::jsonb;
  chosen int[] := array(
    select g.record_index
    from public.ai_generated_records as g
    where g.job_id = job.id
      and g.status <> 'success'
      and case when selected_indices is null then g.status = 'staged' and g.selected else g.record_index = any (selected_indices) end
    order by g.record_index
    limit max_records);
  repeated constant uuid[] := array(
    select g.record_id
    from public.ai_generated_records as g
    where g.job_id = job.id
      and g.status = 'success'
      and g.record_index = any (selected_indices)
    order by g.record_index);
  -- Of all that was chosen, by this call or for later ones.
  total constant int := job.completed_records + (
    select pg_catalog.count(*)
    from public.ai_generated_records as g
    where g.job_id = job.id
      and g.status <> 'success'
      and (g.status = 'staged' and g.selected or g.record_index = any (chosen)));
  lot etl_api.generated_record[];
begin
  perform etl_api.tell_progress(job, 'insertion', 'Analyzing generated fields...');
  for begins in 1 .. pg_catalog.cardinality(chosen) by lot_size loop
    lot := array(
      select row(g.record_index, null, g.generated_data, g.sources, g.field_confidence, g.enriched_fields, g.enrichment_method,
        null, null, null)::etl_api.generated_record
      from public.ai_generated_records as g
      where g.job_id = job.id
        and g.record_index = any (chosen[begins : begins + lot_size - 1])
      order by g.record_index);
    report := etl_api.land_lot(lot, job, of_table, coalesce(auth.uid(), job.created_by), report);
    perform etl_api.tell_landed(lot, job, report, total, job.completed_records);
  end loop;
  -- What went in by an earlier call is in.
  report := report || pg_catalog.jsonb_build_object(
    'success', (report ->> 'success')::int + pg_catalog.cardinality(repeated),
    'repeated', (report ->> 'repeated')::int + pg_catalog.cardinality(repeated),
    'inserted_records', report -> 'inserted_records' || pg_catalog.to_jsonb(repeated));
  perform etl_api.close_generation(job, report);
  return report;
end
$$;

comment on function etl_api.confirm_staged_records(uuid, int[], int) is
  'Inserts staged records into the table of their job: all that are selected, or those at selected_indices; at most max_records. Returns what etl_api.insert_generated_records does. ETL04: no such job; ETL05: the table was deleted; ETL06: the caller may not.';

revoke execute on function etl_api.confirm_staged_records(uuid, int[], int) from public;
grant execute on function etl_api.confirm_staged_records(uuid, int[], int) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/discard_staged_records.sql
create or replace function etl_api.discard_staged_records(job_id uuid) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  gone int;
begin
  delete from public.ai_generated_records as g
  where g.job_id = job.id
    and g.status <> 'success';
  get diagnostics gone = row_count;
  update public.ai_generation_jobs as j
  set stage = case when j.completed_records > 0 then 'completed' else 'pending' end,
      status = case when j.completed_records > 0 then 'completed' else 'pending' end,
      total_records = j.completed_records,
      failed_records = 0,
      error_message = null,
      updated_at = utils.now(),
      completed_at = utils.now()
  where j.id = job.id;
  perform etl_api.tell_progress(job, 'preview', pg_catalog.format('%s records discarded', gone));
  return gone;
end
$$;

comment on function etl_api.discard_staged_records(uuid) is
  'Throws away what a job has staged and not inserted, so that it can begin anew. Returns how many went. ETL04: no such job; ETL06: the caller may not.';

revoke execute on function etl_api.discard_staged_records(uuid) from public;
grant execute on function etl_api.discard_staged_records(uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/edit_staged_record.sql
create or replace function etl_api.edit_staged_record(job_id uuid, record_index int, patch jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_variable
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  edited jsonb;
begin
  if pg_catalog.jsonb_typeof(patch) is distinct from 'object' then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('patch is %s: it must be an object', coalesce(pg_catalog.jsonb_typeof(patch), 'null')),
      hint = 'Give {"field": value, …}; null takes a field out.';
  end if;
  -- What somebody has written is no more as sure, or from where, as what was generated.
  update public.ai_generated_records as g
  set generated_data = (g.generated_data || patch) - array(select e.key from pg_catalog.jsonb_each(patch) as e where e.value = 'null'),
      field_confidence = g.field_confidence - array(select k.name from pg_catalog.jsonb_object_keys(patch) as k (name)),
      enriched_fields = array(select e.name from pg_catalog.unnest(g.enriched_fields) as e (name) where not patch ? e.name),
      sources = coalesce((
        select pg_catalog.jsonb_agg(s.value)
        from pg_catalog.jsonb_array_elements(g.sources) as s (value)
        where not patch ? coalesce(s.value ->> 'field', '')), '[]') || (
        select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('field', k.name, 'source', 'edited', 'by', auth.uid())), '[]')
        from pg_catalog.jsonb_object_keys(patch) as k (name)),
      status = 'staged',
      error = null,
      updated_at = utils.now()
  where g.job_id = job.id
    and g.record_index = record_index
    and g.status <> 'success'
  returning g.generated_data into edited;
  if edited is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('job %s has no staged record %s', job.id, coalesce(record_index::text, 'null')),
      hint = 'Once it is in, it is a row of records.';
  end if;
  -- What somebody works on is kept (etl_api.retention).
  update public.ai_generation_jobs as j set updated_at = utils.now() where j.id = job.id;
  return edited;
end
$$;

comment on function etl_api.edit_staged_record(uuid, int, jsonb) is
  'Changes fields of a staged record; a field that is null goes. Where they come from is then the one who edited. Returns the fields. ETL04: bad patch, or no such staged record; ETL06: the caller may not.';

revoke execute on function etl_api.edit_staged_record(uuid, int, jsonb) from public;
grant execute on function etl_api.edit_staged_record(uuid, int, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/evolve_table.sql
create or replace function etl_api.evolve_table(
  of_table public.tables, rows jsonb[], by uuid default null, is_planned boolean default false, out columns jsonb, out unknown text[], out added jsonb, out widened jsonb)
returns record
language plpgsql
set search_path = ''
as $$
begin
  columns := etl_api.record_columns(of_table.id);
  unknown := '{}';
  added := '[]';
  widened := '[]';
  if is_planned and etl_api.is_foreseen(rows, columns) then
    return;
  end if;
  select p.columns, p.unknown, p.added, p.widened
  into columns, unknown, added, widened
  from etl_api.plan_landing(pg_catalog.to_jsonb(rows), columns, of_table.contract) as p;
  if added = '[]' and widened = '[]' then
    return;
  end if;
  -- Who changes columns of the same table waits, before anybody holds one of them.
  perform 1 from public.tables as t where t.id = of_table.id for no key update;
  added := etl_api.add_columns(of_table, added);
  widened := etl_api.widen_columns(of_table, widened);
  perform etl_api.note_schema_changes(of_table.organization_id, 'records', of_table.id::text, added, widened, by);
  -- What others have added meanwhile is theirs to say.
  columns := etl_api.record_columns(of_table.id);
end
$$;

comment on function etl_api.evolve_table(public.tables, jsonb[], uuid, boolean) is
  'Gives a table the columns that these rows need, by its contract, and writes down what changed. Fields that found no room (1,000 columns, names over 500 bytes) stay in data without a column. is_planned: it was called before with rows from everywhere, so only what they lacked is looked for.';

revoke execute on function etl_api.evolve_table(public.tables, jsonb[], uuid, boolean) from public;
grant execute on function etl_api.evolve_table(public.tables, jsonb[], uuid, boolean) to service_role;
-- end of source

-- source: sql/etl_api/records/find_records.sql
create or replace function etl_api.find_records(
  table_id uuid, filter jsonb default null, words text default null, max_rows int default 100, before uuid default null)
returns setof public.records
language plpgsql stable
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  last record;
begin
  perform etl_api.check_table_reader(table_id);
  if max_rows is null or max_rows not between 1 and 10000 or pg_catalog.jsonb_typeof(filter) <> 'object' then
    raise exception using
      errcode = 'ETL04',
      message = case when pg_catalog.jsonb_typeof(filter) <> 'object'
        then pg_catalog.format('filter is %s: it must be an object', pg_catalog.jsonb_typeof(filter))
        else pg_catalog.format('max_rows is %s: it must be from 1 to 10000', coalesce(max_rows::text, 'null')) end,
      hint = 'Give the id of the last row of a page as "before" for the next.';
  end if;
  select r.created_at, r.id into last
  from public.records as r
  where r.id = before
    and r.table_id = find_records.table_id;
  if coalesce(filter, '{}') = '{}' and words is null then
    return query
    select r.*
    from public.records as r
    where r.table_id = find_records.table_id
      and r.deleted_at is null
      and (before is null or (r.created_at, r.id) < (last.created_at, last.id))
    order by r.created_at desc, r.id desc
    limit max_rows;
    return;
  end if;
  -- Ordered by what no index gives, so that the rows are found by what they say, however seldom that is.
  return query
  select r.*
  from public.records as r
  where (filter is null or r.data @> filter)
    and (words is null or r.search_vector @@ pg_catalog.websearch_to_tsquery('simple', words))
    and r.table_id = find_records.table_id
    and r.deleted_at is null
    and (before is null or (r.created_at, r.id) < (last.created_at, last.id))
  order by r.created_at + interval '0' desc, r.id desc
  limit max_rows;
end
$$;

comment on function etl_api.find_records(uuid, jsonb, text, int, uuid) is
  'Records of a table, the newest first, that contain filter ({"employee_count": 150}) and these words (as of a search engine), found by an index; at most max_rows (1 to 10000), behind the record "before". Under row level security the tables themselves are read through to find what a user looks for. ETL04: bad argument, or no such table of the caller''s.';

revoke execute on function etl_api.find_records(uuid, jsonb, text, int, uuid) from public;
grant execute on function etl_api.find_records(uuid, jsonb, text, int, uuid) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/insert_generated_records.sql
create or replace function etl_api.insert_generated_records(
  job_id uuid, records jsonb, table_id uuid, organization_id uuid default null, user_id uuid default null,
  selected_indices int[] default null) returns jsonb
language plpgsql
security definer
set search_path = ''
-- A lot and what triggers are told of it stay in memory.
set work_mem = '64MB'
-- A plan for each lot would hold a copy of all records.
set plan_cache_mode = force_generic_plan
as $$
declare
  -- So many at once: what one bad record costs is tried again within its lot only.
  lot_size constant int := 5000;
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  of_table constant public.tables := etl_api.find_own_table(table_id);
  -- Taken out of its compression once, if it comes from a table, and not for each lot.
  given constant jsonb := case when pg_catalog.jsonb_typeof(records) = 'array' then records || '[]'::jsonb end;
  given_count constant int := pg_catalog.jsonb_array_length(given);
  total constant int := case when selected_indices is null then given_count else (
    select least(given_count, pg_catalog.count(distinct s.place)) from pg_catalog.unnest(selected_indices) as s (place)) end;
  taken int := 0;
  report jsonb := '{"success": 0, "failed": 0, "repeated": 0, "inserted_records": [], "errors": [], "warnings": [], "warning_count": 0}'::jsonb;
  lot etl_api.generated_record[];
begin
  perform etl_api.check_insertion(job, of_table, organization_id, user_id);
  if given_count is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('records is %s: it must be an array', coalesce(pg_catalog.jsonb_typeof(records), 'null')),
      hint = 'Give [{"name", "fields": [{"name", "value", "confidence", "source"}]}] or flat objects.';
  end if;
  perform etl_api.tell_progress(job, 'insertion', 'Analyzing generated fields...');
  if given_count > lot_size then
    -- Of which type a new field is, rows from everywhere say, not only those of the first lot.
    perform etl_api.evolve_table(of_table, array(
      select g.given - '{company_name,name,email}'::text[]
      from etl_api.read_generated(etl_api.spread_rows(given)) as g), coalesce(user_id, auth.uid()));
  end if;
  -- A loop over lots, so that memory is bounded by one of them.
  for begins in 0 .. given_count - 1 by lot_size loop
    lot := array(
      select g
      from etl_api.read_generated(given, begins, lot_size) as g
      where selected_indices is null
        or g.record_index = any (selected_indices));
    continue when lot = '{}';
    taken := taken + pg_catalog.cardinality(lot);
    report := etl_api.land_lot(lot, job, of_table, coalesce(user_id, auth.uid()), report, given_count > lot_size);
    perform etl_api.tell_landed(lot, job, report, total);
  end loop;
  perform etl_api.close_generation(job, report, given_count - taken);
  return report;
end
$$;

comment on function etl_api.insert_generated_records(uuid, jsonb, uuid, uuid, uuid, int[]) is
  'Inserts what a job generated into a table, columns it lacks first (by the table''s contract), with what is known of where each value comes from. records: [{"name", "website", "fields": [{"name", "value", "confidence", "source", "sourceUrl"}]}] or flat objects; selected_indices: only these places, from 0. A record that cannot be inserted costs only itself; one that this job has inserted before is not inserted again, so the same call may be made twice. Returns {success, failed, inserted_records, errors, warnings} and repeated: those in before. ETL04: bad arguments, or no such job or table; ETL05: the table was deleted; ETL06: the caller may not.';

revoke execute on function etl_api.insert_generated_records(uuid, jsonb, uuid, uuid, uuid, int[]) from public;
grant execute on function etl_api.insert_generated_records(uuid, jsonb, uuid, uuid, uuid, int[]) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/land_activity_result.sql
create or replace function etl_api.land_activity_result(job public.ai_generation_jobs, objects jsonb) returns void
language plpgsql
set search_path = ''
-- A plan for each lot would hold a copy of all records.
set plan_cache_mode = force_generic_plan
as $$
declare
  lot_size constant int := 5000;
  of_table constant public.tables := (select t from public.tables as t where t.id = job.table_id and t.deleted_at is null);
  keys constant jsonb := coalesce(job.request -> 'keys', '[]');
  records constant jsonb := etl_api.result_records(objects, keys);
  total constant int := pg_catalog.jsonb_array_length(records);
  report jsonb := '{"success": 0, "failed": 0, "repeated": 0, "inserted_records": [], "errors": [], "warnings": [], "warning_count": 0}'::jsonb;
  lot etl_api.generated_record[];
begin
  if of_table.id is null then
    raise exception using errcode = 'ETL05', message = pg_catalog.format('table %s was deleted', job.table_id);
  end if;
  -- A retry may find more, or in another order: each object keeps its place.
  update public.ai_generation_jobs as j
  set request = j.request || pg_catalog.jsonb_build_object('keys', keys || (
      select coalesce(pg_catalog.jsonb_agg(o.value -> 'key' order by o.place), '[]')
      from pg_catalog.jsonb_array_elements(objects) with ordinality as o (value, place)
      where not keys @> pg_catalog.jsonb_build_array(o.value -> 'key'))),
      total_records = greatest(j.total_records, total)
  where j.id = job.id
  returning * into job;
  if job.request ->> 'mode' = 'stage' then
    perform etl_api.stage_records(job, records);
    return;
  end if;
  perform etl_api.tell_progress(job, 'insertion', 'Analyzing generated fields...');
  for begins in 0 .. total - 1 by lot_size loop
    lot := array(
      select g
      from etl_api.read_generated(records, begins, lot_size) as g);
    report := etl_api.land_lot(lot, job, of_table, job.created_by, report);
    perform etl_api.tell_landed(lot, job, report, total);
  end loop;
  perform etl_api.close_generation(job, report);
end
$$;

comment on function etl_api.land_activity_result(public.ai_generation_jobs, jsonb) is
  'Brings the objects of an activity that has ended into the table of its job, at once or to be looked at, as the request says.';

revoke execute on function etl_api.land_activity_result(public.ai_generation_jobs, jsonb) from public;
-- end of source

-- source: sql/etl_api/records/land_lot.sql
create or replace function etl_api.land_lot(
  lot etl_api.generated_record[], job public.ai_generation_jobs, of_table public.tables, created_by uuid, report jsonb, is_planned boolean default false) returns jsonb
language plpgsql
set search_path = ''
-- A plan for each lot would hold a copy of it for each place where it stands.
set plan_cache_mode = force_generic_plan
as $$
declare
  left_over record;
begin
  select l.* into left_over from etl_api.leave_out_inserted(lot, job.id) as l;
  report := etl_api.add_reports(report, pg_catalog.jsonb_build_object(
    'success', pg_catalog.cardinality(left_over.repeated), 'failed', 0,
    'repeated', pg_catalog.cardinality(left_over.repeated),
    'inserted_records', pg_catalog.to_jsonb(left_over.repeated),
    'errors', '[]'::jsonb,
    'warnings', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('index', c.place, 'warning',
        'this record of the job is in already, with other values, and stays; a job that inserts in parts gives each record its record_index')), '[]')
      from pg_catalog.unnest(left_over.changed) as c (place))));
  if left_over.lot = '{}' then
    return report;
  end if;
  return etl_api.add_reports(report, etl_api.land_records(left_over.lot, job, of_table, created_by, is_planned));
end
$$;

comment on function etl_api.land_lot(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, jsonb, boolean) is
  'Lands a lot of a job, but for what is in already, and adds what came of it to the report.';

revoke execute on function etl_api.land_lot(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, jsonb, boolean) from public;
grant execute on function etl_api.land_lot(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, jsonb, boolean) to service_role;
-- end of source

-- source: sql/etl_api/records/land_records.sql
create or replace function etl_api.land_records(
  lot etl_api.generated_record[], job public.ai_generation_jobs, of_table public.tables, created_by uuid, is_planned boolean default false) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  plan record;
  rows constant jsonb[] := array(
    select l.given - '{company_name,name,email}'::text[]
    from pg_catalog.unnest(lot) with ordinality as l
    order by l.ordinality);
  bad etl_api.generated_record[];
  failed jsonb;
begin
  select p.* into plan
  from etl_api.evolve_table(of_table, rows, created_by, is_planned) as p;
  if plan.added <> '[]' then
    perform etl_api.tell_progress(job, 'insertion', pg_catalog.format('Creating %s new column%s: %s',
      pg_catalog.jsonb_array_length(plan.added), case when pg_catalog.jsonb_array_length(plan.added) > 1 then 's' end,
      (select pg_catalog.string_agg(a.value ->> 'name', ', ') from pg_catalog.jsonb_array_elements(plan.added) as a (value))));
  end if;
  lot := etl_api.prepare_records(lot, rows, of_table, plan.columns, plan.unknown);
  bad := array(select l from pg_catalog.unnest(lot) as l where l.fault is not null);
  if bad <> '{}' then
    lot := array(select l from pg_catalog.unnest(lot) as l where l.fault is null);
  end if;
  failed := (
    select pg_catalog.jsonb_object_agg(a.record_index, a.fault)
    from etl_api.insert_records_apart(lot, job, of_table,
      (select s.name from public.table_statuses as s where s.table_id = of_table.id order by s.display_order, s.created_at, s.id limit 1),
      created_by) as a);
  if failed is not null then
    bad := bad || array(
      select row(l.record_index, l.title, l.given, l.sources, l.confidence, l.enriched, l.method, l.data, l.warnings,
        failed ->> l.record_index::text)::etl_api.generated_record
      from pg_catalog.unnest(lot) as l
      where failed ? l.record_index::text);
    lot := array(select l from pg_catalog.unnest(lot) as l where not failed ? l.record_index::text);
  end if;
  if bad <> '{}' then
    perform etl_api.keep_failed_records(bad, job);
  end if;
  return etl_api.landing_report(job.id, lot, bad, plan.unknown, of_table.contract);
end
$$;

comment on function etl_api.land_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, boolean) is
  'Brings generated records into a table: columns first, then the records, those that cannot alone left out. Returns what came of it, as etl_api.insert_generated_records does.';

revoke execute on function etl_api.land_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, boolean) from public;
grant execute on function etl_api.land_records(etl_api.generated_record[], public.ai_generation_jobs, public.tables, uuid, boolean) to service_role;
-- end of source

-- source: sql/etl_api/records/leave_out_inserted.sql
create or replace function etl_api.leave_out_inserted(
  inout lot etl_api.generated_record[], of_job uuid, out repeated uuid[], out changed int[])
returns record
language plpgsql
set search_path = ''
-- A plan is made once, and then the table may still be empty.
set enable_seqscan = off
set enable_nestloop = off
as $$
declare
  first constant int := (select pg_catalog.min(l.record_index) from pg_catalog.unnest(lot) as l);
  last constant int := (select pg_catalog.max(l.record_index) from pg_catalog.unnest(lot) as l);
  there jsonb;
begin
  select coalesce(pg_catalog.jsonb_object_agg(g.record_index, g.generated_data is distinct from l.given), '{}') into there
  from pg_catalog.unnest(lot) as l
  join public.ai_generated_records as g
    on g.record_index = l.record_index
  where g.job_id = of_job
    and g.record_index between first and last
    and g.status = 'success';
  repeated := '{}';
  changed := '{}';
  if there <> '{}' then
    repeated := array(select etl_api.generated_id(of_job, t.key::int) from pg_catalog.jsonb_each(there) as t order by t.key::int);
    changed := array(select t.key::int from pg_catalog.jsonb_each(there) as t where t.value = 'true' order by t.key::int);
    lot := array(select l from pg_catalog.unnest(lot) as l where not there ? l.record_index::text);
  end if;
  -- One place, one record.
  if (select pg_catalog.count(distinct l.record_index) < pg_catalog.count(*) from pg_catalog.unnest(lot) as l) then
    lot := array(
      select row(d.record_index, d.title, d.given, d.sources, d.confidence, d.enriched, d.method, d.data, d.warnings,
        case when d.count > 1 then pg_catalog.format('%s records of this call have record_index %s', d.count, d.record_index)
          else d.fault end)::etl_api.generated_record
      from (
        select distinct on (l.record_index) l.*, pg_catalog.count(*) over (partition by l.record_index) as count
        from pg_catalog.unnest(lot) as l
        order by l.record_index
      ) as d);
  end if;
end
$$;

comment on function etl_api.leave_out_inserted(etl_api.generated_record[], uuid) is
  'Leaves out of a lot what its job has inserted before: repeated, the ids; changed, the places of those that were something else. Of a place that comes twice none lands.';

revoke execute on function etl_api.leave_out_inserted(etl_api.generated_record[], uuid) from public;
-- end of source

-- source: sql/etl_api/records/make_table_view.sql
create or replace function etl_api.make_table_view(table_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
-- The columns are made by format with quoted names, in a function of their own, which the check cannot follow.
-- @plpgsql_check_options: security_warnings = false
declare
  of_table constant public.tables := (select t from public.tables as t where t.id = make_table_view.table_id);
  -- Found by its comment: the table may have been called otherwise when it was made.
  there constant name := (
    select c.relname
    from pg_catalog.pg_class as c
    join pg_catalog.pg_description as d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_catalog.pg_class'::regclass
    where c.relkind = 'v'
      and c.relnamespace = 'public'::regnamespace
      and c.relname ^@ ('records_' || pg_catalog."left"(make_table_view.table_id::text, 8))
      and d.description ^@ ('The records of table ' || make_table_view.table_id)
    limit 1);
  called constant text := etl_api.table_view_name(of_table.id, of_table.name);
  names constant text[] := array(
    select c.name from public.table_columns as c
    where c.table_id = of_table.id and c.name not in ('company_name', 'name', 'email')
    order by c.display_order, c.created_at, c.name collate "C");
  columns constant text := (
    select pg_catalog.string_agg(', ' || etl_api.view_column(c.name, c.type, c.format, n.called), '' order by n.place)
    from unnest(names, etl_api.view_column_names(names)) with ordinality as n (name, called, place)
    join public.table_columns as c on c.table_id = of_table.id and c.name = n.name);
begin
  if there is not null and (of_table.id is null or of_table.deleted_at is not null or there <> called) then
    execute pg_catalog.format('drop view public.%I', there);
  end if;
  if of_table.id is null or of_table.deleted_at is not null then
    return;
  end if;
  -- Of an id only the beginning is in the name, and whoever makes a table chooses its id: what is another's stays.
  if exists (
    select 1
    from pg_catalog.pg_class as c
    where c.relnamespace = 'public'::regnamespace
      and c.relname = called
      and c.relname is distinct from there)
  then
    perform etl_api.logger('warn', 'records', 'The view of a table could not be made: its name is taken.',
      pg_catalog.jsonb_build_object('table_id', table_id, 'view', called), of_table.organization_id);
    return;
  end if;
  begin
    execute pg_catalog.format(
      'create or replace view public.%I with (security_invoker = true) as
       select r.id, r.name, r.email, r.company, r.status, r.data, r.is_ai_generated, r.created_by, r.created_at, r.updated_at%s
       from public.records as r where r.table_id = %L and r.deleted_at is null', called, columns, of_table.id);
  exception when invalid_table_definition then
    -- Only new columns at the end go without this.
    execute pg_catalog.format('drop view public.%I', called);
    execute pg_catalog.format(
      'create view public.%I with (security_invoker = true) as
       select r.id, r.name, r.email, r.company, r.status, r.data, r.is_ai_generated, r.created_by, r.created_at, r.updated_at%s
       from public.records as r where r.table_id = %L and r.deleted_at is null', called, columns, of_table.id);
  end;
  execute pg_catalog.format('comment on view public.%I is %L', called,
    pg_catalog.format('The records of table %s, typed; made anew when its columns change.', of_table.id));
  execute pg_catalog.format('revoke all on public.%I from public, anon, authenticated, service_role', called);
  execute pg_catalog.format('grant select on public.%I to authenticated, service_role', called);
exception when dependent_objects_still_exist then
  -- What others have built upon it must not stop records from coming in.
  perform etl_api.logger('warn', 'records', 'The view of a table could not be made anew: something depends on it.',
    pg_catalog.jsonb_build_object('table_id', table_id, 'view', coalesce(there, called)), of_table.organization_id);
end
$$;

comment on function etl_api.make_table_view(uuid) is
  'Makes the view of a table anew, or drops that of one that is gone. Where something depends on a view that would have to go, it stays as it was, and the log says so.';

revoke execute on function etl_api.make_table_view(uuid) from public;
-- end of source

-- source: sql/etl_api/records/note_generation.sql
create or replace function etl_api.note_generation(
  job_id uuid, stage text, message text, type text default 'info', company text default null, current int default null,
  total int default null) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
begin
  if stage is null or stage not in ('knowledge_extraction', 'enrichment', 'failed') then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('stage is %s: a generator is at knowledge_extraction or enrichment, or has failed',
        coalesce(pg_catalog.quote_literal(stage), 'null')),
      hint = 'The stages of insertion are told by what inserts.';
  end if;
  if message is null or type is null or type not in ('info', 'success', 'warning', 'error') then
    raise exception using
      errcode = 'ETL04',
      message = case when message is null then 'message is null: it must say what is going on'
        else pg_catalog.format('type is %s: it is info, success, warning or error', coalesce(pg_catalog.quote_literal(type), 'null')) end,
      hint = 'Nothing was told.';
  end if;
  update public.ai_generation_jobs as j
  set stage = note_generation.stage,
      status = case when note_generation.stage = 'failed' then 'failed' else 'processing' end,
      error_message = case when note_generation.stage = 'failed' then message else j.error_message end,
      total_records = greatest(j.total_records, coalesce(total, 0)),
      updated_at = utils.now(),
      completed_at = case when note_generation.stage = 'failed' then utils.now() end
  where j.id = job.id;
  perform etl_api.tell_progress(job, stage, message, type, company, current, total);
end
$$;

comment on function etl_api.note_generation(uuid, text, text, text, text, int, int) is
  'Tells how far a generator is, before anything is inserted. ETL04: no such job, stage or type, no message; ETL06: the caller may not.';

revoke execute on function etl_api.note_generation(uuid, text, text, text, text, int, int) from public;
grant execute on function etl_api.note_generation(uuid, text, text, text, text, int, int) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/prepare_records.sql
create or replace function etl_api.prepare_records(
  lot etl_api.generated_record[], rows jsonb[], of_table public.tables, columns jsonb, unknown text[]) returns etl_api.generated_record[]
language plpgsql stable
set search_path = ''
as $$
declare
  required constant jsonb := (
    select pg_catalog.jsonb_object_agg(c.name, coalesce(c.default_value, 'null'))
    from public.table_columns as c
    where c.table_id = of_table.id
      and c.is_required
      and c.name not in ('company_name', 'name', 'email'));
  names constant text[] := array(select k.name from pg_catalog.jsonb_object_keys(required) as k (name));
  fixed constant text[] := array(
    select c.name
    from public.table_columns as c
    where c.table_id = of_table.id
      and c.is_required
      and c.name in ('company_name', 'name', 'email')
    order by c.name);
begin
  return array(
    select row(g.record_index, g.title, g.given, g.sources, g.confidence, g.enriched, g.method,
      case when s.is_long then etl_api.cut_long_texts(s.data) else s.data end,
      nullif(coalesce(c.warnings, '[]')
        || case when m.data is null then '[]' else (
          select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('field', k.key,
            'warning', pg_catalog.format('required field %I is missing', k.key)) order by k.key)
          from pg_catalog.jsonb_each(m.data) as k) end
        || case when fixed = '{}' then '[]' else (
          select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('field', f.name,
            'warning', pg_catalog.format('required field %I is missing', f.name))), '[]')
          from pg_catalog.unnest(fixed) as f (name)
          where coalesce(g.given ->> f.name, '') = ''
            -- What a record is called may stand under any of these.
            and (f.name = 'email' or coalesce(nullif(g.given ->> 'company_name', ''), nullif(g.given ->> 'name', ''), g.title, '') = '')) end
        || case when s.is_long then '[{"warning": "data truncated: it is larger than 1 MB"}]'::jsonb else '[]' end, '[]'),
      coalesce(g.fault, c.fault))::etl_api.generated_record
    from pg_catalog.unnest(lot) with ordinality as g
    join etl_api.coerce_landing_rows(rows, columns, of_table.contract, unknown) as c on c.n = g.ordinality
    cross join lateral (
      select (select pg_catalog.jsonb_object_agg(d.key, d.value) from pg_catalog.jsonb_each(required) as d
        where coalesce(c.data -> d.key, 'null') = 'null') as data
      where names <> '{}'
      union all
      select null where names = '{}'
    ) as m
    cross join lateral (
      select w.data, pg_catalog.pg_column_size(w.data) > 250000 and pg_catalog.length(w.data::text) > 1000000 as is_long
      from (select case when m.data is null then c.data else c.data || m.data end as data offset 0) as w
    ) as s
    order by g.ordinality);
end
$$;

comment on function etl_api.prepare_records(etl_api.generated_record[], jsonb[], public.tables, jsonb, text[]) is
  'Generated records, of which rows are the custom fields as they came, with their custom fields as the table wants them (data), what was noticed (warnings), and why one cannot land (fault). Required fields that are missing get their default, and are told; texts over 10,000 characters are cut where a record has more than a million.';

revoke execute on function etl_api.prepare_records(etl_api.generated_record[], jsonb[], public.tables, jsonb, text[]) from public;
grant execute on function etl_api.prepare_records(etl_api.generated_record[], jsonb[], public.tables, jsonb, text[]) to service_role;
-- end of source

-- source: sql/etl_api/records/read_generated.sql
create or replace function etl_api.read_generated(records jsonb, begins int default 0, lot_size int default null)
returns setof etl_api.generated_record
language sql stable parallel safe
set search_path = ''
rows 1000
as $$
  select
    coalesce(case when r.is_listed and pg_catalog.jsonb_typeof(r.value -> 'record_index') = 'number'
      and (r.value ->> 'record_index')::numeric between 0 and 2147483647 then (r.value ->> 'record_index')::numeric::int end,
      r.place),
    case when r.is_listed then r.value ->> 'name' end,
    case
      when r.is_listed and f.given ?| '{company_name,name}' then (r.value - '{name,fields,record_index}'::text[]) || f.given
      when r.is_listed then (r.value - '{fields,record_index}'::text[]) || coalesce(f.given, '{}')
      when pg_catalog.jsonb_typeof(r.value) = 'object' then r.value
      else '{}'
    end,
    f.sources, f.confidence, f.enriched, f.method, null::jsonb, null::jsonb,
    case when pg_catalog.jsonb_typeof(r.value) <> 'object'
      then pg_catalog.format('a record is an object, not %s', pg_catalog."left"(r.value::text, 80)) end
  from (
    select e.value, e.place,
      coalesce(pg_catalog.jsonb_typeof(e.value -> 'fields') = 'array'
        and (e.value -> 'fields' = '[]' or e.value #> '{fields,0}' ? 'name'), false) as is_listed
    -- What is compressed or stored elsewhere is fetched by this once, and not for each of its elements.
    from (select records || '[]'::jsonb as list offset 0) as l
    cross join lateral pg_catalog.generate_series(begins,
      least(begins + lot_size, pg_catalog.jsonb_array_length(l.list)) - 1) as p (place)
    cross join lateral (select l.list -> p.place as value, p.place offset 0) as e
  ) as r
  left join lateral (
    select pg_catalog.jsonb_object_agg(x.name, coalesce(x.value, 'null')) as given,
      pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(
        pg_catalog.jsonb_build_object('field', x.name, 'source', x.source, 'url', x.url, 'confidence', x.confidence))) as sources,
      pg_catalog.jsonb_object_agg(x.name, x.confidence) filter (where x.confidence is not null) as confidence,
      pg_catalog.array_agg(x.name) filter (where x.confidence < 0.8 or x.source <> 'knowledge') as enriched,
      case when pg_catalog.min(x.source) <> pg_catalog.max(x.source) then 'hybrid'
        when pg_catalog.min(x.source) in ('knowledge', 'url_context', 'firecrawl', 'hybrid') then pg_catalog.min(x.source) end as method
    from (
      select l.value ->> 'name' as name, l.value -> 'value' as value, l.value ->> 'source' as source,
        coalesce(l.value ->> 'sourceUrl', l.value ->> 'url') as url,
        case when pg_catalog.jsonb_typeof(l.value -> 'confidence') = 'number' then (l.value ->> 'confidence')::numeric end as confidence
      from pg_catalog.jsonb_array_elements(r.value -> 'fields') as l (value)
      where l.value ->> 'name' is not null
    ) as x
  ) as f on r.is_listed
$$;

comment on function etl_api.read_generated(jsonb, int, int) is
  'Generated records as rows: {"name", "website", "fields": [{"name", "value", "confidence", "source", "sourceUrl"}]}, or flat objects. The place of each is that in the array, from 0, or its own record_index. begins and lot_size: only so many, from there.';

revoke execute on function etl_api.read_generated(jsonb, int, int) from public;
grant execute on function etl_api.read_generated(jsonb, int, int) to service_role;
-- end of source

-- source: sql/etl_api/records/select_staged_records.sql
create or replace function etl_api.select_staged_records(job_id uuid, indices int[], selected boolean) returns int
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_variable
declare
  job constant public.ai_generation_jobs := etl_api.find_own_job(job_id);
  chosen int;
begin
  update public.ai_generated_records as g
  set selected = selected,
      updated_at = utils.now()
  where g.job_id = job.id
    and (indices is null or g.record_index = any (indices))
    and g.status = 'staged'
    and g.selected <> selected;
  get diagnostics chosen = row_count;
  -- What somebody works on is kept (etl_api.retention).
  update public.ai_generation_jobs as j set updated_at = utils.now() where j.id = job.id;
  return chosen;
end
$$;

comment on function etl_api.select_staged_records(uuid, int[], boolean) is
  'Chooses which staged records go in when the job is confirmed, or leaves them out; indices null: all. Returns how many changed. ETL04: no such job; ETL06: the caller may not.';

revoke execute on function etl_api.select_staged_records(uuid, int[], boolean) from public;
grant execute on function etl_api.select_staged_records(uuid, int[], boolean) to authenticated, service_role;
-- end of source

-- source: sql/etl_api/records/staged_places.sql
create or replace function etl_api.staged_places(as_user uuid, of_job uuid, of_table uuid, chosen jsonb default null) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  wanted constant int[] := case when chosen is not null
    then array(select c.value::int from pg_catalog.jsonb_array_elements_text(chosen) as c (value)) end;
  places jsonb;
begin
  perform etl_api.act_for(as_user);
  perform etl_api.check_job_table(of_job, of_table);
  -- What is left out is nothing that the job still waits for.
  update public.ai_generated_records as g
  set selected = not g.selected,
      updated_at = utils.now()
  where g.job_id = of_job
    and g.status = 'staged'
    and g.selected <> (g.record_index = any (wanted));
  select pg_catalog.jsonb_agg(g.record_index order by g.record_index) filter (where g.status = 'staged' and g.selected)
  into places
  from public.ai_generated_records as g
  where g.job_id = of_job;
  if not exists (select 1 from public.ai_generated_records as g where g.job_id = of_job) then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('job %s has no records to insert', of_job),
      hint = 'Stage some first, or wait until they are generated.';
  end if;
  -- An object: a bare array would pass for rows on the way.
  return pg_catalog.jsonb_build_object('places', coalesce(places, '[]'));
end
$$;

comment on function etl_api.staged_places(uuid, uuid, uuid, jsonb) is
  'The places of the records of a job that wait and are selected, for the function records-insert; chosen, an array of places, selects these and no others. ETL04: no such job, another table, or nothing was ever staged; ETL06: the user may not.';

revoke execute on function etl_api.staged_places(uuid, uuid, uuid, jsonb) from public;
grant execute on function etl_api.staged_places(uuid, uuid, uuid, jsonb) to service_role;
-- end of source

-- source: sql/etl_api/records/tell_landed.sql
create or replace function etl_api.tell_landed(
  lot etl_api.generated_record[], job public.ai_generation_jobs, report jsonb, total int, before int default 0) returns void
language plpgsql
set search_path = ''
as $$
declare
  faults jsonb;
  warnings jsonb;
  landed record;
  done int := before + case when total > 100 then (report ->> 'success')::int else 0 end;
begin
  if total > 100 then
    perform etl_api.tell_progress(job, 'insertion', pg_catalog.format('Inserted %s/%s', done, total),
      case when report ->> 'failed' = '0' then 'success' else 'warning' end, null, done, total);
    return;
  end if;
  select coalesce(pg_catalog.jsonb_object_agg(e.value ->> 'index', e.value ->> 'error'), '{}') into faults
  from pg_catalog.jsonb_array_elements(report -> 'errors') as e (value);
  select coalesce(pg_catalog.jsonb_object_agg(n.place, n.said), '{}') into warnings
  from (
    select w.value ->> 'index' as place, pg_catalog.string_agg(
      -- Some sentences name the field.
      case when pg_catalog.strpos(w.value ->> 'warning', w.value ->> 'field') = 0 then (w.value ->> 'field') || ': ' else '' end
        || (w.value ->> 'warning'), '; ' order by w.n) as said
    from pg_catalog.jsonb_array_elements(report -> 'warnings') with ordinality as w (value, n)
    where w.value ? 'index'
    group by 1
  ) as n;
  -- A loop, since each of a few is told by itself, in its order.
  for landed in
    select l.record_index, coalesce(nullif(l.given ->> 'company_name', ''), nullif(l.given ->> 'name', ''), nullif(l.title, ''), 'Unnamed Company') as name
    from pg_catalog.unnest(lot) as l
    order by l.record_index
  loop
    if faults ? landed.record_index::text then
      perform etl_api.tell_progress(job, 'insertion',
        pg_catalog.format('Failed to insert %s: %s', landed.name, faults ->> landed.record_index::text), 'error', landed.name);
    else
      if warnings ? landed.record_index::text then
        perform etl_api.tell_progress(job, 'insertion',
          pg_catalog.format('Warning for %s: %s', landed.name, warnings ->> landed.record_index::text), 'warning', landed.name);
      end if;
      done := done + 1;
      perform etl_api.tell_progress(job, 'insertion', pg_catalog.format('Inserted %s/%s: %s', done, total, landed.name), 'success',
        landed.name, done, total);
    end if;
  end loop;
end
$$;

comment on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int, int) is
  'Tells what became of a lot: of up to a hundred records each, with what was noticed, of more how far it is. before: so many were in before this call.';

revoke execute on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int, int) from public;
grant execute on function etl_api.tell_landed(etl_api.generated_record[], public.ai_generation_jobs, jsonb, int, int) to service_role;
-- end of source

-- source: sql/etl_api/runs/send_run.sql
create or replace function etl_api.send_run(worker text, run_id uuid) returns uuid
language plpgsql
set search_path = ''
set jit = off
as $$
declare
  moment constant timestamptz := utils.now();
  run record;
  parts text[];
  filled record;
  sent_id uuid;
begin
  select q.org_id, q.workflow_request_id, q.activity_request_id, q.source_id, q.object_id, asking.config,
    s.run_request_template as template, s.cost_per_run as cost, s.timeout_seconds,
    o.natural_key as object, exists (select from public.value as v where v.object_id = q.object_id) as has_values
    into run
  from public.run_queue as q
  join public.activity_request as asking on asking.id = q.activity_request_id
  join public.source as s on s.id = q.source_id
  left join public.object as o on o.id = q.object_id and o.org_id = q.org_id
  where q.id = run_id;
  parts := utils.cut_template(run.template);
  if run.cost > 0 or parts is null then
    return null;
  end if;

  if run.has_values and pg_catalog.cardinality(parts) > 1 then
    run.object := run.object || (select known."values" from etl_api.object_values(array[run.object_id]) as known);
  end if;
  filled := utils.fill_placeholders(parts,
    case when run.object is null then '{}' else pg_catalog.jsonb_build_object('object', run.object) end);
  -- Whatever else the template asks for is not there, and so missing.
  if filled.request is null then
    return null;
  end if;

  sent_id := utils.new_id();
  insert into public.run_request
    (id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, attempts, cost,
     state, state_via, due_at, lease_until, lease_token, worker, created_at, claimed_at, request)
  values
    (sent_id, run.org_id, run.workflow_request_id, run.activity_request_id, run.source_id, 'run', sent_id, 1, run.cost,
     'in_progress', '{new,valid,ready}', moment,
     moment + etl_api.time_limit(null, 'lease_seconds') + pg_catalog.make_interval(secs => run.timeout_seconds),
     pg_catalog.gen_random_uuid(), send_run.worker, moment, moment, filled.request);

  update public.run_queue as q
  set state = 'in_progress',
      state_via = case when q.state = 'waiting' then '{ready}'::public.run_queue_state[] end,
      state_substate = null,
      error = null,
      run_request_id = sent_id,
      timeout_at = moment + etl_api.time_limit(run.config, 'run_timeout_seconds'),
      finished_at = null
  where q.id = run_id;
  perform etl_api.add_org_counts(array[run.org_id], runs => '{1}');
  return sent_id;
end
$$;

comment on function etl_api.send_run(text, uuid) is
  'As send_runs, for one run, in a few short statements: what one request costs on an idle system is the start of its statements. Null, and nothing done, when it is not the plain case: it has a cost, its template asks for more than the object, or cannot be filled. The caller holds the row of the run.';

revoke execute on function etl_api.send_run(text, uuid) from public;
grant execute on function etl_api.send_run(text, uuid) to service_role;
-- end of source

-- source: sql/etl_api/runs/send_runs.sql
create or replace function etl_api.send_runs(worker text, run_ids uuid[], run_items int[]) returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  moment timestamptz;
  lease interval;
  usual_limit interval;
  outcome record;
  alone_id uuid;
begin
  if pg_catalog.cardinality(run_ids) = 1 then
    alone_id := etl_api.send_run(worker, run_ids[1]);
    if alone_id is not null then
      return array[alone_id];
    end if;
  end if;
  moment := utils.now();
  lease := etl_api.time_limit(null, 'lease_seconds');
  -- For those whose activity says nothing of its own.
  usual_limit := etl_api.time_limit(null, 'run_timeout_seconds');

  with rendered as materialized (
    select r.*, utils.new_id() as id, pg_catalog.row_number() over (order by r.item) as place
    from etl_api.render_requests(run_ids, run_items) as r
  ),
  -- Only what can be sent is paid for.
  paid as materialized (
    select etl_api.spend_budgets(
      pg_catalog.array_agg(r.org_id order by r.place), pg_catalog.array_agg(r.workflow_request_id order by r.place),
      pg_catalog.array_agg(case when r.request is not null then r.cost end order by r.place)) as verdicts
    from rendered as r
    having pg_catalog.bool_or(r.cost > 0)
  ),
  request as materialized (
    select r.*,
      case
        when r.request is null then 'missing_value'
        when r.cost > 0 then
          case (select paid.verdicts[r.place] from paid) when 'workflow' then 'budget_exceeded' when 'month' then 'budget' end
      end as refused
    from rendered as r
  ),
  sent as (
    insert into public.run_request
      (id, org_id, workflow_request_id, activity_request_id, source_id, kind, root_id, attempts, cost,
       state, state_via, due_at, lease_until, lease_token, worker, created_at, claimed_at, request)
    select r.id, r.org_id, r.workflow_request_id, r.activity_request_id, r.source_id, 'run', r.id, 1, r.cost,
      'in_progress', '{new,valid,ready}', moment, moment + lease + pg_catalog.make_interval(secs => r.timeout_seconds),
      pg_catalog.gen_random_uuid(), send_runs.worker, moment, moment, r.request
    from request as r
    where r.refused is null
    returning id
  ),
  moved as (
    update public.run_queue as q
    set state = 'in_progress',
        state_via = case when q.state = 'waiting' then '{ready}'::public.run_queue_state[] end,
        state_substate = null,
        error = null,
        run_request_id = t.request_id,
        timeout_at = moment + t.time_limit,
        finished_at = null
    from (
      select carried.id, r.id as request_id, ar.time_limit
      from request as r
      cross join lateral (
        select case when asking.config ? 'run_timeout_seconds'
          then etl_api.time_limit(asking.config, 'run_timeout_seconds') else usual_limit end as time_limit
        from public.activity_request as asking
        where asking.id = r.activity_request_id
        offset 0
      ) as ar
      cross join lateral unnest(r.carried_ids) as carried (id)
      where r.refused is null
      -- The limit makes the planner think of one row, and so of a look-up by key; see settle_answers.
      limit pg_catalog.cardinality(run_ids)
    ) as t
    where q.id = t.id
      -- In the history a request stands before the runs that it carries.
      and (select pg_catalog.count(*) from sent) > 0
    returning q.org_id
  )
  select asked.*, counted.*
  into outcome
  from (
    select coalesce(pg_catalog.array_agg(r.id) filter (where r.refused is null), '{}') as sent_ids,
      pg_catalog.array_agg(r.item) filter (where r.refused is not null) as refused_items,
      pg_catalog.array_agg(r.refused) filter (where r.refused is not null) as fates,
      pg_catalog.array_agg(pg_catalog.to_jsonb(r.missing)) filter (where r.refused is not null) as missing
    from request as r
  ) as asked,
  (
    select pg_catalog.array_agg(by_org.org_id) as org_ids, pg_catalog.array_agg(by_org.runs) as runs
    from (select moved.org_id, pg_catalog.count(*) as runs from moved group by moved.org_id) as by_org
  ) as counted;

  if outcome.org_ids is not null then
    perform etl_api.add_org_counts(outcome.org_ids, runs => outcome.runs);
  end if;
  if outcome.refused_items is not null then
    perform etl_api.settle_unsent(run_ids, run_items, outcome.refused_items, outcome.fates, outcome.missing);
  end if;
  return outcome.sent_ids;
end
$$;

comment on function etl_api.send_runs(text, uuid[], int[]) is
  'Makes HTTP requests, already claimed by the worker, of runs: those with the same number in run_items go in one. Returns the ids of the requests. What cannot be sent is not: a run whose template cannot be filled becomes invalid / missing_value, one that its workflow''s budget does not allow invalid / budget_exceeded, one that the month''s does not allow keeps waiting, waiting / budget. The caller holds the rows of the runs.';

revoke execute on function etl_api.send_runs(text, uuid[], int[]) from public;
grant execute on function etl_api.send_runs(text, uuid[], int[]) to service_role;
-- end of source

-- source: sql/etl_api/state/guard_moves.sql
create or replace function etl_api.guard_moves(entity etl_api.entity_kind, moves etl_api.state_move[]) returns void
language plpgsql
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
set enable_nestloop = on
as $$
declare
  why constant text := nullif(pg_catalog.current_setting('etl.reason', true), '');
  moment constant timestamptz := utils.now();
  this_xid constant bigint := pg_catalog.pg_current_xact_id()::text::bigint;
  move etl_api.state_move;
  steps text[];
  first int;
  last int;
  written boolean := false;
  illegal record;
  bad_ids uuid[];
begin
  -- Mostly all rows of a statement make the same move, a legal one: for them one short statement does what takes two
  -- long ones for moves of all kinds, and these judge what it does not write.
  move := moves[1];
  if pg_catalog.cardinality(moves) = 1 and not move.moved
    and (move.via is null or pg_catalog.array_ndims(move.via) = 1 and pg_catalog.array_lower(move.via, 1) = 1
      and pg_catalog.cardinality(move.via) < 15)
  then
    steps := move.from_state || coalesce(move.via, '{}') || move.to_state;
    first := case when move.from_state is null and steps[2] = 'new' then 2 else 1 end;
    last := pg_catalog.cardinality(steps) - 1;
    insert into etl_api.state_step
      (entity, entity_id, org_id, from_state, from_substate, via, to_state, substate, reason, message, at, xid)
    select entity, i.id, i.org_id, move.from_state, move.from_substate, move.via, move.to_state, move.substate, why,
      move.message, moment, this_xid
    from unnest(move.ids, move.org_ids) as i (id, org_id)
    where last - first + 1 = (
      select pg_catalog.count(*)
      from unnest(steps[first : last], steps[first + 1 : last + 1]) as s (from_state, to_state)
      join etl_api.state_transition as t on t.from_state = s.from_state and t.to_state = s.to_state
      where t.kind <> 'cancel'
        or move.substate = 'cancelled');
    written := found;
  end if;

  -- What failed, and what is done with something left out. A new via alone tells nothing new.
  if written then
    bad_ids := case
      when move.to_state in ('failed', 'timedout', 'invalid') or move.substate in ('backoff', 'lease_expired')
        or move.to_state = 'done' and move.has_errors
      then move.ids end;
  else
    illegal := etl_api.illegal_move(moves);
    if illegal.id is not null then
      perform etl_api.refuse_transition(entity::text, illegal.id, illegal.moved, illegal.from_state, illegal.to_state);
    end if;

    insert into etl_api.state_step
      (entity, entity_id, org_id, from_state, from_substate, via, to_state, substate, reason, message, at, xid)
    select entity, i.id, i.org_id, m.from_state, m.from_substate, m.via, m.to_state, m.substate, why, m.message, moment,
      this_xid
    from pg_catalog.unnest(moves) as m
    cross join lateral unnest(m.ids, m.org_ids) as i (id, org_id);

    bad_ids := array(
      select i.id
      from pg_catalog.unnest(moves) as m
      cross join lateral pg_catalog.unnest(m.ids) as i (id)
      where (m.to_state in ('failed', 'timedout', 'invalid') or m.substate in ('backoff', 'lease_expired')
          or m.to_state = 'done' and m.has_errors)
        and not (m.from_state is not distinct from m.to_state and m.via is null));
  end if;
  if bad_ids <> '{}' then
    perform etl_api.guard_logs(entity, bad_ids);
  end if;

  if entity in ('workflow_request', 'activity_request') then
    if (select s.value from etl_api.setting as s where s.name = 'realtime') = 'true' then
      perform etl_api.guard_tells(entity, moves, moment);
    end if;
  end if;
end
$$;

comment on function etl_api.guard_moves(etl_api.entity_kind, etl_api.state_move[]) is
  'The guard''s work for the moves of one statement: refuses what is illegal (ETL01), writes the rest to state_step, what failed into the log (guard_logs), steps of workflow and activity requests to who listens (guard_tells).';

revoke execute on function etl_api.guard_moves(etl_api.entity_kind, etl_api.state_move[]) from public;
-- end of source

-- source: sql/etl_api/state/time_limit.sql
create or replace function etl_api.time_limit(config jsonb, name text) returns interval
language plpgsql stable
set search_path = ''
as $$
declare
  seconds numeric := case when pg_catalog.jsonb_typeof(config -> name) = 'number' then (config -> name)::numeric end;
begin
  if seconds is null then
    select (s.value #>> '{}')::numeric into seconds
    from etl_api.setting as s
    where s.name = time_limit.name;
  end if;
  -- Between a second and ten years, whatever somebody wrote: an interval must not overflow a timestamp.
  return pg_catalog.make_interval(secs => greatest(1, least(315360000, seconds))::double precision);
end
$$;

comment on function etl_api.time_limit(jsonb, text) is
  'A time limit such as activity_timeout_seconds: from config when it holds a number of that name, else from the setting of that name.';

revoke execute on function etl_api.time_limit(jsonb, text) from public;
grant execute on function etl_api.time_limit(jsonb, text) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/clear_partition.sql
create or replace function etl_api.clear_partition(name text, kept uuid[]) returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  ids uuid[] := kept;
begin
  ids := ids || array(select a.id from public.activity_request as a where a.workflow_request_id = any (kept));
  ids := ids || array(select q.id from public.run_queue as q where q.activity_request_id = any (ids))
    || array(select r.id from public.run_request as r where r.activity_request_id = any (ids))
    || array(select d.id from public.delivery as d where d.workflow_request_id = any (kept))
    || array(select d.id from public.delivery as d where d.workflow_request_id is null);

  execute pg_catalog.format('alter table etl_api.state_step detach partition etl_api.%I', name);
  -- Without a partition of their own, their steps go where those of such months do.
  execute pg_catalog.format(
    'insert into etl_api.state_step overriding system value
     select s.* from etl_api.%I as s where s.entity_id = any ($1) order by s.seq', name)
  using ids;
  execute pg_catalog.format('drop table etl_api.%I', name);
end
$$;

comment on function etl_api.clear_partition(text, uuid[]) is
  'Drops a partition of state_step. The history of these workflow requests, and of messages that are of none (alerts, test events), moves to the default partition.';

revoke execute on function etl_api.clear_partition(text, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/default_retention.sql
create or replace function etl_api.default_retention(what text) returns numeric
language plpgsql stable
set search_path = ''
as $$
declare
  rule etl_api.retention;
  days constant jsonb := etl_api.setting_value('retention_days');
begin
  select r.* into rule
  from etl_api.retention as r
  where r.org_id is null
    and r.what = default_retention.what;
  if found then
    return rule.days;
  end if;
  -- What lies below a request, objects, which outlive requests, and what the stores know of their data have rules of their
  -- own only.
  return case
    when what in ('workflow_request', 'alert', 'etl_log', 'test_event') and pg_catalog.jsonb_typeof(days) = 'number'
      and (days #>> '{}')::numeric between 1 and 365000
    then (days #>> '{}')::numeric end;
end
$$;

comment on function etl_api.default_retention(text) is
  'Days for which what tenants without a rule of their own have is kept: by the rule for all, else by the setting retention_days; null: for good.';

revoke execute on function etl_api.default_retention(text) from public;
grant execute on function etl_api.default_retention(text) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/erase_landed_of.sql
create or replace function etl_api.erase_landed_of(of_key jsonb, activity_ids uuid[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  jobs constant uuid[] := array(
    select j.id
    from public.ai_generation_jobs as j
    where j.activity_request_id = any (activity_ids)
      and j.request -> 'keys' @> pg_catalog.jsonb_build_array(of_key)
    order by j.id
    for update);
  ids constant uuid[] := array(
    select etl_api.generated_id(j.id, k.place::int - 1)
    from public.ai_generation_jobs as j
    cross join lateral pg_catalog.jsonb_array_elements(j.request -> 'keys') with ordinality as k (value, place)
    where j.id = any (jobs)
      and k.value = of_key);
  names text[];
  landed bigint;
  generated bigint;
  told bigint;
begin
  if jobs = '{}' then
    return '{}'::jsonb;
  end if;
  with gone as (
    delete from public.records as r
    where r.id = any (ids)
    returning r.name
  )
  select pg_catalog.array_agg(g.name), pg_catalog.count(*) into names, landed from gone as g;
  delete from public.ai_generated_records as g
  where g.id = any (ids);
  get diagnostics generated = row_count;
  -- Progress names records; those without a name share one.
  delete from public.ai_generation_events as e
  where e.job_id = any (jobs)
    and e.company = any (names)
    and e.company <> 'Unnamed Company';
  get diagnostics told = row_count;
  -- The places of the others stay theirs.
  update public.ai_generation_jobs as j
  set request = pg_catalog.jsonb_set(j.request, '{keys}', (
        select pg_catalog.jsonb_agg(nullif(k.value, of_key) order by k.place)
        from pg_catalog.jsonb_array_elements(j.request -> 'keys') with ordinality as k (value, place))),
      error_message = null
  where j.id = any (jobs);
  return pg_catalog.jsonb_build_object('public.records', landed, 'public.ai_generated_records', generated,
    'public.ai_generation_events', told);
end
$$;

comment on function etl_api.erase_landed_of(jsonb, uuid[]) is
  'Removes what the results of these activity requests brought into tables of records of the object with this key, staged or in, whatever people made of it since. Returns how many rows of which table. The caller holds the workflow locks.';

revoke execute on function etl_api.erase_landed_of(jsonb, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/erase_object.sql
create or replace function etl_api.erase_object(of_object uuid, max_rows int default 1000)
returns table (what text, count bigint, more boolean)
language plpgsql
security definer
set search_path = ''
-- A few of very many, by key.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  thing public.object;
  workflows uuid[];
  activities uuid[];
  gone jsonb := '{}'::jsonb;
  is_over boolean;
begin
  select o.* into thing from public.object as o where o.id = of_object;
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no object %s', coalesce(of_object::text, 'null')),
      hint = 'Give the id of a row of object. What was erased stands in etl_api.erasure.';
  end if;
  perform etl_api.check_erasure(thing.org_id, max_rows);
  perform etl_api.lock_erasures(thing.org_id, true);

  -- The locks in the order in which everybody takes them.
  workflows := etl_api.workflows_of_object(of_object, max_rows);
  perform etl_api.lock_workflows(workflows);
  if not exists (select 1 from public.object as o where o.id = of_object) then
    -- Whoever was before us has come to its end.
    return;
  end if;
  activities := array(
    select a.id
    from public.activity_request as a
    where a.workflow_request_id = any (workflows)
      and (exists (select 1 from public.activity_object as l where l.activity_request_id = a.id and l.object_id = of_object)
        or exists (select 1 from public.guardrail_refusal as g where g.activity_request_id = a.id and g.object_id = of_object)));

  gone := etl_api.erase_runs_of(of_object, thing.natural_key, activities)
    || etl_api.erase_results_of(thing.natural_key, workflows, activities)
    || etl_api.erase_landed_of(thing.natural_key, activities)
    || etl_api.erase_links_of(of_object, activities)
    || pg_catalog.jsonb_build_object('public.workflow_request', (
      select pg_catalog.count(*)
      from unnest(workflows) as w (id)
      where etl_api.blank_input(w.id, thing.object_type_id, thing.natural_key)));
  perform etl_api.advance_activities(activities);
  perform etl_api.ring('execute-runs');
  -- Who stores objects might find it just now and link it; where others are at that, the next call comes back.
  is_over := etl_api.workflows_of_object(of_object, 1) = '{}' and etl_api.lock_objects();
  -- A statement of its own: somebody may have linked it before the lock was there.
  is_over := is_over and etl_api.workflows_of_object(of_object, 1) = '{}';
  if is_over then
    gone := gone || pg_catalog.jsonb_build_object(
      'public.value', (select pg_catalog.count(*) from public.value as v where v.object_id = of_object),
      'public.object', 1,
      'etl_api.etl_log', etl_api.erase_log_of(thing.org_id, thing.natural_key));
    delete from public.object as o where o.id = of_object;
  end if;

  perform etl_api.note_erasure(thing.org_id, of_object, gone, is_over);
  return query
  select g.key, g.value::bigint, not is_over
  from pg_catalog.jsonb_each_text(gone) as g
  where g.value <> '0'
  union all
  select 'waiting', 0::bigint, true
  where not is_over;
end
$$;

comment on function etl_api.erase_object(uuid, int) is
  'Removes an object for good, with its values and its runs, and takes it out of all that requests, answers, results, tables of records, messages and the log say of it; the requests themselves and other objects stay. In up to max_rows of the activity requests that knew it at once, beside live work: call it again, in a transaction of its own, while it says more, or leave the rest to the sweep. Returns how many rows of which table went or were blanked; etl_api.erasure keeps the sums. ETL04: no such object, or max_rows is out of range.';

revoke execute on function etl_api.erase_object(uuid, int) from public;
grant execute on function etl_api.erase_object(uuid, int) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/expired_orgs.sql
create or replace function etl_api.expired_orgs(what text) returns table (days numeric, org_ids uuid[])
language plpgsql stable
set search_path = ''
-- A probe of an index for each tenant, whatever its rows are like when the plan is made.
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
  shared constant numeric := etl_api.default_retention(what);
begin
  if shared is null and not exists (select 1 from etl_api.retention as r where r.what = expired_orgs.what) then
    return;
  end if;
  return query
  select k.days, pg_catalog.array_agg(k.org_id)
  from (
    select o.id as org_id, case when own.id is not null then own.days else shared end as days
    from public.org as o
    left join etl_api.retention as own
      on own.org_id = o.id
      and own.what = expired_orgs.what
  ) as k
  where k.days is not null
    and case expired_orgs.what
      when 'workflow_request' then exists (
        select 1
        from public.workflow_request as w
        where w.org_id = k.org_id
          and w.finished_at < moment - k.days * interval '1 day'
        order by w.finished_at
        limit 1)
      when 'alert' then exists (
        select 1
        from etl_api.alert as a
        where a.org_id = k.org_id
          and a.raised_at < moment - k.days * interval '1 day'
        order by a.raised_at
        limit 1)
      when 'etl_log' then exists (
        select 1
        from etl_api.etl_log as l
        where l.org_id = k.org_id
          and l.at < moment - k.days * interval '1 day'
        order by l.at
        limit 1)
      when 'test_event' then exists (
        select 1
        from public.delivery as d
        where d.org_id = k.org_id
          and d.workflow_request_id is null
          and d.alert_id is null
          and d.finished_at < moment - k.days * interval '1 day'
        order by d.finished_at
        limit 1)
      when 'generation_job' then exists (
        select 1
        from public.ai_generation_jobs as j
        where j.organization_id = k.org_id
          and (j.status in ('completed', 'failed') or j.stage in ('preview', 'inserting') or j.completed_at is not null)
          and j.updated_at < moment - k.days * interval '1 day'
        order by j.updated_at
        limit 1)
      when 'client_upload' then exists (
        select 1
        from etl_api.client_upload as u
        where u.organization_id = k.org_id
          and u.finished_at < moment - k.days * interval '1 day'
        order by u.finished_at
        limit 1)
      when 'schema_change' then exists (
        select 1
        from etl_api.schema_change as c
        where c.org_id = k.org_id
          and c.at < moment - k.days * interval '1 day'
        order by c.at
        limit 1) or exists (
        select 1
        from public.client_schema_versions as v
        where v.organization_id = k.org_id
          and v.replaced_at < moment - k.days * interval '1 day'
        order by v.replaced_at
        limit 1)
    end
  group by k.days;
end
$$;

comment on function etl_api.expired_orgs(text) is
  'The tenants that may have something of this kind which ended or was made before their retention of it began, by the days it has.';

revoke execute on function etl_api.expired_orgs(text) from public;
grant execute on function etl_api.expired_orgs(text) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/lock_resting_jobs.sql
create or replace function etl_api.lock_resting_jobs(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns uuid[]
language plpgsql
set search_path = ''
-- By the index of what rests, which is in order, whatever the tables were like when the plan was made.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return array(
    select j.id
    from public.org as o
    cross join lateral (
      select j.id
      from public.ai_generation_jobs as j
      where j.organization_id = o.id
        and j.updated_at < before
        and (j.status in ('completed', 'failed') or j.stage in ('preview', 'inserting') or j.completed_at is not null)
        -- Who inserts in parts is at work; who has confirmed a part of what is staged left the rest.
        and (j.stage <> 'inserting' or (
          select true from public.ai_generated_records as g where g.job_id = j.id and g.status = 'staged' limit 1))
        -- It may bring more.
        and not exists (select 1 from public.workflow_request as w where w.id = j.workflow_request_id and w.is_open)
      order by j.updated_at
      limit max_rows
      -- Who edits, confirms or generates holds the row; it is not waited for.
      for update of j skip locked
    ) as j
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows);
end
$$;

comment on function etl_api.lock_resting_jobs(timestamptz, int, uuid[]) is
  'Takes the rows of jobs of generation on which nobody has worked since this time, and nobody else holds: ended, thrown away, or with records that wait to be confirmed. Jobs that a generator is at, or whose request is open, are none of them. At most max_rows, of some tenants or of all.';

revoke execute on function etl_api.lock_resting_jobs(timestamptz, int, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge.sql
create or replace function etl_api.purge(
  older_than interval, max_rows int default 1000, of_org uuid default null, with_objects boolean default false)
returns table (what text, count bigint, more boolean)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  before timestamptz;
  of_orgs constant uuid[] := case when of_org is not null then array[of_org] end;
  gone record;
  all_gone boolean := true;
begin
  perform etl_api.check_purge_arguments(older_than, max_rows, of_org, with_objects);
  before := utils.now() - older_than;
  for gone in
    select * from etl_api.purge_requests(before, max_rows, of_orgs, with_objects)
    union all
    select * from etl_api.purge_alerts(before, max_rows, of_orgs)
    union all
    select * from etl_api.purge_test_events(before, max_rows, of_orgs)
    union all
    select * from etl_api.purge_log(before, max_rows, of_orgs)
    union all
    select * from etl_api.purge_summaries(max_rows) where of_org is null
  loop
    what := gone.what;
    count := gone.count;
    more := gone.more;
    all_gone := false;
    return next;
  end loop;

  -- Nobody can write history while a partition goes, and they may wait for what was locked above: never do both.
  if of_org is null then
    return query
    select p.what, p.count, p.more
    from etl_api.purge_partitions(before, max_rows, only_tell => not all_gone) as p;
  end if;
end
$$;

comment on function etl_api.purge(interval, int, uuid, boolean) is
  'Removes for good what ended longer ago than older_than, of one tenant or of all: requests with all their rows and history, resolved alerts, test events, entries of the log; and what the summaries need not keep. What is open, has a message open or ended since, or is held by another stays. About max_rows of each table at once: call it again, in a transaction of its own, while it says more. Objects and values stay; with_objects: those go that only purged requests dealt with and of which nothing was observed since (object, more and nothing else: the table was busy). Counters of orgs stay, but object_count. Rules of etl_api.retention hold for the sweep, not here. Returns what went; not_rolled_up: steps of that time that the summaries lack, for which requests had to stay. ETL04: an argument is missing or out of range, or there is no such org.';

revoke execute on function etl_api.purge(interval, int, uuid, boolean) from public;
grant execute on function etl_api.purge(interval, int, uuid, boolean) to service_role;
-- end of source

-- source: sql/etl_api/upkeep/purge_by_rules.sql
create or replace function etl_api.purge_by_rules(max_rows int) returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  kinds constant text[] := array['workflow_request', 'alert', 'etl_log', 'test_event', 'generation_job', 'client_upload', 'schema_change'];
  moment constant timestamptz := utils.now();
  shared_log constant numeric := etl_api.default_retention('etl_log');
  due record;
begin
  -- Tenants with the same days go together, one lot of them each time, in no order: none is always the last.
  for due in
    select *
    from (
      select distinct on (e.what) e.what, e.days, e.org_ids
      from (
        select w.name as what, x.days, x.org_ids
        from unnest(kinds) as w (name)
        cross join lateral etl_api.expired_orgs(w.name) as x
      ) as e
      order by e.what, pg_catalog.random()
    ) as lot
    order by pg_catalog.array_position(kinds, lot.what)
  loop
    return query
    select *
    from etl_api.purge_kind(due.what, moment - due.days * interval '1 day', max_rows, due.org_ids);
  end loop;
  -- What is nobody's.
  return query
  select *
  from etl_api.purge_log(moment - shared_log * interval '1 day', max_rows, '{}')
  where shared_log is not null
  union all
  select * from etl_api.purge_parts('run_response', max_rows)
  union all
  select * from etl_api.purge_parts('delivery_body', max_rows)
  union all
  select * from etl_api.purge_old_objects(max_rows);
end
$$;

comment on function etl_api.purge_by_rules(int) is
  'Removes what is older than the rules of etl_api.retention and the setting retention_days keep it, about max_rows of each kind.';

revoke execute on function etl_api.purge_by_rules(int) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_generations.sql
create or replace function etl_api.purge_generations(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
-- A few of very many, by key, in order; see purge_batch.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  -- A job with more goes in parts.
  most constant int := 3 * max_rows;
  jobs constant uuid[] := etl_api.lock_resting_jobs(before, max_rows, of_orgs);
  -- The first jobs first, so that of all but one everything goes or nothing.
  records constant tid[] := array(
    select g.ctid
    from pg_catalog.unnest(jobs) as j (id)
    cross join lateral (
      select g.ctid from public.ai_generated_records as g where g.job_id = j.id limit most for update skip locked
    ) as g
    limit most);
  events constant tid[] := array(
    select e.ctid
    from pg_catalog.unnest(jobs) as j (id)
    cross join lateral (
      select e.ctid from public.ai_generation_events as e where e.job_id = j.id limit most for update skip locked
    ) as e
    limit most);
  gone bigint;
begin
  if jobs = '{}' then
    return;
  end if;
  delete from public.ai_generated_records as g where g.ctid = any (records);
  delete from public.ai_generation_events as e where e.ctid = any (events);
  delete from public.ai_generation_jobs as j
  where j.id = any (jobs)
    and not exists (select 1 from public.ai_generated_records as g where g.job_id = j.id)
    and not exists (select 1 from public.ai_generation_events as e where e.job_id = j.id);
  get diagnostics gone = row_count;
  return query
  select g.what, g.count, gone < pg_catalog.cardinality(jobs) or pg_catalog.cardinality(jobs) = max_rows
  from (
    values ('generation_job', gone), ('ai_generated_records', pg_catalog.cardinality(records)),
      ('ai_generation_events', pg_catalog.cardinality(events))
  ) as g (what, count)
  where g.count > 0;
end
$$;

comment on function etl_api.purge_generations(timestamptz, int, uuid[]) is
  'Removes jobs of generation that rest since before this time (lock_resting_jobs) with their progress and what they generated, staged or in; the records of tables stay. At most max_rows jobs and three times as many rows of theirs, of some tenants or of all.';

revoke execute on function etl_api.purge_generations(timestamptz, int, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_kind.sql
create or replace function etl_api.purge_kind(kind text, before timestamptz, max_rows int, of_orgs uuid[])
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
as $$
begin
  case kind
    when 'workflow_request' then return query select * from etl_api.purge_requests(before, max_rows, of_orgs);
    when 'alert' then return query select * from etl_api.purge_alerts(before, max_rows, of_orgs);
    when 'etl_log' then return query select * from etl_api.purge_log(before, max_rows, of_orgs);
    when 'test_event' then return query select * from etl_api.purge_test_events(before, max_rows, of_orgs);
    when 'generation_job' then return query select * from etl_api.purge_generations(before, max_rows, of_orgs);
    when 'client_upload' then return query select * from etl_api.purge_uploads(before, max_rows, of_orgs);
    when 'schema_change' then return query select * from etl_api.purge_schema_changes(before, max_rows, of_orgs);
  end case;
end
$$;

comment on function etl_api.purge_kind(text, timestamptz, int, uuid[]) is
  'Removes what a rule of etl_api.retention is about, of these tenants, from before this time; of what goes whole.';

revoke execute on function etl_api.purge_kind(text, timestamptz, int, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_schema_changes.sql
create or replace function etl_api.purge_schema_changes(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
begin
  delete from etl_api.schema_change as c
  where c.id = any (array(
    select c.id
    from public.org as o
    cross join lateral (
      select c.id
      from etl_api.schema_change as c
      where c.org_id = o.id
        and c.at < before
      order by c.at
      limit max_rows
      for update of c skip locked
    ) as c
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows));
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('schema_change', count, count = max_rows);
  end if;

  delete from public.client_schema_versions as v
  where v.ctid = any (array(
    select v.ctid
    from public.org as o
    cross join lateral (
      select v.ctid
      from public.client_schema_versions as v
      where v.organization_id = o.id
        and v.replaced_at < before
      order by v.replaced_at
      limit max_rows
      for update of v skip locked
    ) as v
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows));
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('client_schema_versions', count, count = max_rows);
  end if;
end
$$;

comment on function etl_api.purge_schema_changes(timestamptz, int, uuid[]) is
  'Removes what landing changed before this time, and versions of clients'' schemas that were replaced before it; not the present ones. At most max_rows of each, of some tenants or of all.';

revoke execute on function etl_api.purge_schema_changes(timestamptz, int, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_test_events.sql
create or replace function etl_api.purge_test_events(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  messages uuid[];
  gone etl_api.state_count[];
begin
  -- Of no request and of no alert: what goes with nothing else.
  messages := array(
    select d.id
    from public.org as o
    cross join lateral (
      select d.id
      from public.delivery as d
      where d.org_id = o.id
        and d.workflow_request_id is null
        and d.alert_id is null
        and d.finished_at < before
      order by d.finished_at
      limit max_rows
      for update of d skip locked
    ) as d
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows);
  if messages = '{}' or etl_api.steps_not_rolled_up(before) > 0 then
    return;
  end if;
  gone := etl_api.purge_rows('delivery', messages);
  perform etl_api.purge_history(messages, before, max_rows);
  perform etl_api.purge_counts(gone);
  return query values ('test_event', pg_catalog.cardinality(messages)::bigint, pg_catalog.cardinality(messages) = max_rows);
end
$$;

comment on function etl_api.purge_test_events(timestamptz, int, uuid[]) is
  'Removes messages endpoint.test, which are of no request and of no alert, that ended before this time, with their history: at most max_rows, of some tenants or of all.';

revoke execute on function etl_api.purge_test_events(timestamptz, int, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/purge_uploads.sql
create or replace function etl_api.purge_uploads(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
begin
  delete from etl_api.client_upload as u
  where u.id = any (array(
    select u.id
    from public.org as o
    cross join lateral (
      select u.id
      from etl_api.client_upload as u
      where u.organization_id = o.id
        and u.finished_at < before
      order by u.finished_at
      limit max_rows
      for update of u skip locked
    ) as u
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows));
  get diagnostics count = row_count;
  if count > 0 then
    return query values ('client_upload', count, count = max_rows);
  end if;
end
$$;

comment on function etl_api.purge_uploads(timestamptz, int, uuid[]) is
  'Removes what is known of files that were all in before this time: at most max_rows, of some tenants or of all. One that stopped on the way stays: it would be taken in twice.';

revoke execute on function etl_api.purge_uploads(timestamptz, int, uuid[]) from public;
-- end of source

-- source: sql/etl_api/upkeep/retention_of.sql
create or replace function etl_api.retention_of(of_org uuid) returns table (what text, days numeric, rule text)
language sql stable
set search_path = ''
as $$
  select w.name, case when own.id is not null then own.days else etl_api.default_retention(w.name) end,
    case
      when own.id is not null then 'own'
      when shared.id is not null then 'for all'
      when w.name in ('workflow_request', 'alert', 'etl_log', 'test_event') then 'retention_days'
      else 'none'
    end
  from unnest('{workflow_request,run_response,delivery_body,object,alert,etl_log,test_event,generation_job,client_upload,schema_change}'::text[])
    as w (name)
  left join etl_api.retention as own
    on own.org_id = of_org
    and own.what = w.name
  left join etl_api.retention as shared
    on shared.org_id is null
    and shared.what = w.name
$$;

comment on function etl_api.retention_of(uuid) is
  'For how many days what a tenant has is kept (null: for good), and which rule says so: its own, the one for all, the setting retention_days, none.';

revoke execute on function etl_api.retention_of(uuid) from public;
grant execute on function etl_api.retention_of(uuid) to service_role;
-- end of source

-- source: sql/etl_api/usage/add_org_counts.sql
create or replace function etl_api.add_org_counts(
  org_ids uuid[], requests bigint[] default null, runs bigint[] default null,
  objects bigint[] default null, new_objects bigint[] default null)
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
declare
  free uuid[];
begin
  -- The usual case. What was noted down while the row was taken, and is not seen yet, is for the next.
  if pg_catalog.cardinality(org_ids) = 1 and pg_catalog.current_setting('transaction_isolation') = 'read committed' then
    update public.org as o
    set request_count = o.request_count + coalesce(requests[1], 0),
        run_count = o.run_count + coalesce(runs[1], 0),
        object_count = o.object_count + coalesce(objects[1], 0),
        free_objects = case when o.free_objects > 0
          then greatest(o.free_objects - coalesce(new_objects[1], 0), 0) else o.free_objects end
    where o.id = (select f.id from public.org as f where f.id = org_ids[1] for no key update skip locked)
      and not exists (select from etl_api.org_count_delta as d where d.org_id = org_ids[1] and not d.recount_datapoints);
    if found then
      return;
    end if;
  end if;

  free := etl_api.lock_free_orgs(org_ids);
  if free <> '{}' then
    -- A statement after the one that took the rows: it sees what the last holder has added and taken away.
    with left_over as (
      delete from etl_api.org_count_delta as d
      where d.org_id = any (free)
        and not d.recount_datapoints
      returning d.org_id, d.requests, d.runs, d.objects, d.free_objects
    )
    update public.org as o
    set request_count = o.request_count + s.requests,
        run_count = o.run_count + s.runs,
        object_count = o.object_count + s.objects,
        free_objects = case when o.free_objects > 0 then greatest(o.free_objects - s.new_objects, 0) else o.free_objects end
    from (
      select c.org_id,
        coalesce(pg_catalog.sum(c.requests), 0) as requests,
        coalesce(pg_catalog.sum(c.runs), 0) as runs,
        coalesce(pg_catalog.sum(c.objects), 0) as objects,
        coalesce(pg_catalog.sum(c.new_objects), 0) as new_objects
      from (
        select t.*, false as is_free from unnest(org_ids, requests, runs, objects, new_objects) as t
        union all
        select l.*, false from left_over as l
        union all
        select f.id, null, null, null, null, true from pg_catalog.unnest(free) as f (id)
      ) as c (org_id, requests, runs, objects, new_objects, is_free)
      group by c.org_id
      -- Grouped with the others, since a search of the list for each would cost as much as it is long; and the limit
      -- makes the planner think of one row, and so of a look-up by key.
      having pg_catalog.bool_or(c.is_free)
      limit pg_catalog.cardinality(free)
    ) as s
    where o.id = s.org_id;
  end if;

  if pg_catalog.cardinality(free) <> pg_catalog.cardinality(org_ids) then
    insert into etl_api.org_count_delta (org_id, requests, runs, objects, free_objects, created_at)
    select c.org_id, coalesce(c.requests, 0), coalesce(c.runs, 0), coalesce(c.objects, 0), coalesce(c.new_objects, 0),
      utils.now()
    from unnest(org_ids, requests, runs, objects, new_objects) as c (org_id, requests, runs, objects, new_objects)
    where c.org_id not in (select f.id from pg_catalog.unnest(free) as f (id))
      and (c.requests <> 0 or c.runs <> 0 or c.objects <> 0 or c.new_objects <> 0);
  end if;
end
$$;

comment on function etl_api.add_org_counts(uuid[], bigint[], bigint[], bigint[], bigint[]) is
  'Adds to the counters of orgs: activity requests, runs, objects stored, new objects (taken from free_objects, never below 0), and whatever lies in org_count_delta for them. Where another transaction holds an org''s row it does not wait and leaves the change there.';

revoke execute on function etl_api.add_org_counts(uuid[], bigint[], bigint[], bigint[], bigint[]) from public;
grant execute on function etl_api.add_org_counts(uuid[], bigint[], bigint[], bigint[], bigint[]) to service_role;
-- end of source

-- source: sql/utils/coerce_rows.sql
-- Most values need no function at all: what is of its type already is told by its looks and stays, a plain number in a
-- text is cast at once, and a row without a change is handed back as it came. Only the rest goes value by value. A blank
-- and a text with the very characters of its number have no entry in originals: nothing of them is lost.
create or replace function utils.coerce_rows(rows jsonb[], columns jsonb)
returns table (n bigint, data jsonb, originals jsonb, warnings jsonb)
language plpgsql immutable parallel unsafe
set search_path = ''
set jit = off
set work_mem = '64MB'
-- How long an array is, the planner does not know: it takes it for short.
set enable_nestloop = off
as $$
#variable_conflict use_column
begin
  -- Bad columns are an error even where there is no row.
  perform utils.coerce_columns(columns);
  return query
  with source as materialized (
    select r.n, r.value
    from pg_catalog.unnest(rows) with ordinality as r (value, n)
  ), odd as materialized (
    select s.n, c.name, c.type, c.format, c.options, f.value,
      case when c.type = 'number' and c.format ->> 'decimal' is null and pg_catalog.jsonb_typeof(f.value) = 'string' then case
        when pg_catalog.length(f.value #>> '{}') > 30 then null
        when f.value #>> '{}' ~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?$' then (f.value #>> '{}')::numeric
        when f.value #>> '{}' ~ '^-?[1-9][0-9]?[0-9]?(,[0-9][0-9][0-9])+(\.[0-9]+)?$'
          then pg_catalog.replace(f.value #>> '{}', ',', '')::numeric
      end end as number
    from source as s
    cross join lateral pg_catalog.jsonb_each(case pg_catalog.jsonb_typeof(s.value) when 'object' then s.value end) as f
    join utils.coerce_columns(columns) as c on c.name = f.key
    where case pg_catalog.jsonb_typeof(f.value)
      when 'null' then false
      when c.kind then c.kind = 'string' and not (
        case when c.pattern = '' then true else coalesce(pg_catalog.length(f.value #>> '{}') <= 60 and f.value #>> '{}' ~ c.pattern, false) end
        and (c.options is null or c.type <> 'select' or c.options ? (f.value #>> '{}')))
      else true
    end
  ), judged as (
    -- Each value once, whoever has it.
    select j.name, j.type, j.value, j.places, v.*
    from (
      select o.name, o.type, o.format, o.options, o.value, pg_catalog.array_agg(o.n) as places
      from odd as o
      where o.number is null
      group by o.name, o.type, o.format, o.options, o.value
    ) as j
    cross join lateral utils.coerce_value(j.value, j.type, j.format, j.options) as v
  ), changed as (
    select o.n, o.name, o.type, pg_catalog.to_jsonb(o.number) as coerced, true as fits, null as warning, o.value as original
    from odd as o
    where o.number is not null
    union all
    select p.n, j.name, j.type, j.coerced, j.fits, j.warning, j.original
    from judged as j
    cross join lateral pg_catalog.unnest(j.places) as p (n)
  ), change as (
    select c.n, pg_catalog.jsonb_object_agg(c.name, c.coerced) as data,
      pg_catalog.jsonb_object_agg(c.name, c.original)
        filter (where coalesce(c.coerced #>> '{}', '') <> c.original #>> '{}') as originals,
      pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object('field', c.name, 'type', c.type, 'fits', c.fits, 'warning', c.warning)
        order by c.name collate "C") filter (where c.warning is not null) as warnings
    from changed as c
    group by c.n
  )
  select s.n, case when c.n is null then s.value else s.value || c.data end, c.originals, c.warnings
  from source as s
  left join change as c on c.n = s.n
  order by s.n;
end
$$;

comment on function utils.coerce_rows(jsonb[], jsonb) is
  'As utils.coerce_values, of rows that are apart already.';

revoke execute on function utils.coerce_rows(jsonb[], jsonb) from public;
grant execute on function utils.coerce_rows(jsonb[], jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/coerce_values.sql
create or replace function utils.coerce_values(rows jsonb, columns jsonb)
returns table (n bigint, data jsonb, originals jsonb, warnings jsonb)
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select *
  from utils.coerce_rows(array(
    select r.value
    from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) as r (value)), columns);
end
$$;

comment on function utils.coerce_values(jsonb, jsonb) is
  'As utils.coerce_value for every field of every row: rows is an array of objects, columns [{"name", "type", "format", "options"}] as utils.infer_schema gives them. Each row with its place, its data, what changed as it was ({field: value}), and warnings [{field, type, fits, warning}]. Other fields, and rows that are no objects, stay as they are.';

revoke execute on function utils.coerce_values(jsonb, jsonb) from public;
grant execute on function utils.coerce_values(jsonb, jsonb) to authenticated, service_role;
-- end of source

-- source: sql/utils/settled_pattern.sql
-- A count in a pattern costs: {1,60} makes it ten times slower, so lengths are bounded where it is used, to 60.
create or replace function utils.settled_pattern(type text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case type
    when 'date' then '^[1-9][0-9][0-9][0-9]-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-](0[1-9]|1[0-5]):[0-5][0-9])?)?$'
    when 'email' then '^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z][A-Za-z]+$'
    when 'url' then '^https?://[!-~]+$'
    when 'phone' then '^(\+[1-9][0-9]{0,2}[ -][0-9]{1,4}|0[0-9]{1,4})[ -][0-9]{3,4}[ -][0-9]{4}$'
    when 'select' then '^[!-~]'
    when 'text' then ''
    when 'textarea' then ''
  end;
end
$$;

comment on function utils.settled_pattern(text) is
  'The pattern of texts of up to 60 characters that utils.coerce_value leaves as they are for a type, without need to ask it; null when there is none. Most such texts match, not all.';

revoke execute on function utils.settled_pattern(text) from public;
grant execute on function utils.settled_pattern(text) to authenticated, service_role;
-- end of source

drop function etl_api.tell_landed(etl_api.generated_record[],public.ai_generation_jobs,jsonb,integer);
drop function etl_api.staged_places(uuid,uuid,uuid);
drop function etl_api.read_generated(jsonb,integer);
drop function etl_api.prepare_records(etl_api.generated_record[],jsonb,public.tables,jsonb,text[]);
drop function etl_api.evolve_table(public.tables,jsonb,uuid,boolean);

-- migrate:down
