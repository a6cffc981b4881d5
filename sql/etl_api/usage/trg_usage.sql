-- Their names sort after those of the triggers that do the work: an org's row is held from its first counter to the
-- end of the transaction, and whoever comes meanwhile must leave a note.

drop trigger if exists trg_usage_count_requests on public.activity_request;
create trigger trg_usage_count_requests
  after insert on public.activity_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_count_activity_requests();
comment on trigger trg_usage_count_requests on public.activity_request is
  'New activity requests are added to org.request_count.';

drop trigger if exists trg_usage_count_new_objects on public.object;
create trigger trg_usage_count_new_objects
  after insert on public.object
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_count_objects();
comment on trigger trg_usage_count_new_objects on public.object is
  'New objects are added to org.object_count and taken from org.free_objects.';

drop trigger if exists trg_usage_count_gone_objects on public.object;
create trigger trg_usage_count_gone_objects
  after delete on public.object
  referencing old table as old_rows
  for each statement
  execute function etl_api.trigger_count_objects();
comment on trigger trg_usage_count_gone_objects on public.object is
  'Deleted objects are taken from org.object_count.';

drop trigger if exists trg_usage_count_new_datapoints on public.datapoint;
create trigger trg_usage_count_new_datapoints
  after insert on public.datapoint
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_count_datapoints();
comment on trigger trg_usage_count_new_datapoints on public.datapoint is
  'A new datapoint is counted in org.datapoint_count.';

drop trigger if exists trg_usage_count_gone_datapoints on public.datapoint;
create trigger trg_usage_count_gone_datapoints
  after delete on public.datapoint
  referencing old table as old_rows
  for each statement
  execute function etl_api.trigger_count_datapoints();
comment on trigger trg_usage_count_gone_datapoints on public.datapoint is
  'A deleted datapoint is no longer counted in org.datapoint_count.';

drop trigger if exists trg_usage_count_datapoints on public.org;
create trigger trg_usage_count_datapoints
  after insert on public.org
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_count_new_orgs();
comment on trigger trg_usage_count_datapoints on public.org is
  'A new org has the shared datapoints from the start.';
