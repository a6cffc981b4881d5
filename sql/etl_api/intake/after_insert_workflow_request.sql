-- Its name sorts after the guard's: an illegal row is refused, and the history begins, before anything is built on it.
drop trigger if exists after_insert_workflow_request on public.workflow_request;
create trigger after_insert_workflow_request
  after insert on public.workflow_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.trigger_process_workflow_request();

drop trigger if exists after_reset_workflow_request on public.workflow_request;
create trigger after_reset_workflow_request
  after update on public.workflow_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.trigger_process_workflow_request();

comment on trigger after_insert_workflow_request on public.workflow_request is
  'A request that is inserted is validated and started.';
comment on trigger after_reset_workflow_request on public.workflow_request is
  'A request that is set back to new is validated and started again.';
