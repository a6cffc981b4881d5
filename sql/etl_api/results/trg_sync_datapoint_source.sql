drop trigger if exists trg_sync_datapoint_source on public.object_source;
create trigger trg_sync_datapoint_source
  after insert on public.object_source
  referencing new table as changed_rows
  for each statement
  execute function etl_api.trigger_sync_datapoint_source();
comment on trigger trg_sync_datapoint_source on public.object_source is
  'Fields mapped in object_source are mapped as datapoints too.';

drop trigger if exists trg_sync_datapoint_source_update on public.object_source;
create trigger trg_sync_datapoint_source_update
  after update on public.object_source
  referencing new table as changed_rows
  for each statement
  execute function etl_api.trigger_sync_datapoint_source();
comment on trigger trg_sync_datapoint_source_update on public.object_source is
  'Fields mapped in object_source are mapped as datapoints too.';

drop trigger if exists trg_sync_datapoint_source_delete on public.object_source;
create trigger trg_sync_datapoint_source_delete
  after delete on public.object_source
  referencing old table as changed_rows
  for each statement
  execute function etl_api.trigger_sync_datapoint_source();
comment on trigger trg_sync_datapoint_source_delete on public.object_source is
  'Fields mapped in object_source are mapped as datapoints too.';

drop trigger if exists trg_sync_datapoint_source on public.datapoint;
create trigger trg_sync_datapoint_source
  after insert on public.datapoint
  referencing new table as changed_rows
  for each statement
  execute function etl_api.trigger_sync_named_datapoint();
comment on trigger trg_sync_datapoint_source on public.datapoint is
  'Fields mapped in object_source are mapped as datapoints too.';

drop trigger if exists trg_sync_datapoint_source_update on public.datapoint;
create trigger trg_sync_datapoint_source_update
  after update on public.datapoint
  referencing new table as changed_rows
  for each statement
  execute function etl_api.trigger_sync_named_datapoint();
comment on trigger trg_sync_datapoint_source_update on public.datapoint is
  'Fields mapped in object_source are mapped as datapoints too.';
