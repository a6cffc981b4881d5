-- Names sort after the guard's, so an illegal step is refused before anything is built on it.
drop trigger if exists trg_process_activity_request on public.activity_request;
create trigger trg_process_activity_request
  after update on public.activity_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.trigger_process_activity_request();

drop trigger if exists trg_process_activity_request_insert on public.activity_request;
create trigger trg_process_activity_request_insert
  after insert on public.activity_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_process_activity_request();

comment on trigger trg_process_activity_request on public.activity_request is
  'An activity request that became ready starts.';
comment on trigger trg_process_activity_request_insert on public.activity_request is
  'An activity request that is inserted ready starts.';
