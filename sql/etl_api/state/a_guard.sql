-- Statement triggers fire in the order of their names. The guard's come first: an illegal step is refused, and a
-- legal one written down, before another trigger builds on it.

drop trigger if exists a_guard_insert on public.workflow_request;
create trigger a_guard_insert
  after insert on public.workflow_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.guard_inserts();
comment on trigger a_guard_insert on public.workflow_request is
  'A new row begins as "new"; its steps are written to state_step.';

drop trigger if exists a_guard_update on public.workflow_request;
create trigger a_guard_update
  after update on public.workflow_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.guard_transitions();
comment on trigger a_guard_update on public.workflow_request is
  'Only steps of etl_api.state_transition; each is written to state_step.';

drop trigger if exists a_guard_insert on public.activity_request;
create trigger a_guard_insert
  after insert on public.activity_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.guard_inserts();
comment on trigger a_guard_insert on public.activity_request is
  'A new row begins as "new"; its steps are written to state_step.';

drop trigger if exists a_guard_update on public.activity_request;
create trigger a_guard_update
  after update on public.activity_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.guard_transitions();
comment on trigger a_guard_update on public.activity_request is
  'Only steps of etl_api.state_transition; each is written to state_step.';

drop trigger if exists a_guard_insert on public.run_queue;
create trigger a_guard_insert
  after insert on public.run_queue
  referencing new table as new_rows
  for each statement
  execute function etl_api.guard_inserts();
comment on trigger a_guard_insert on public.run_queue is
  'A new row begins as "new"; its steps are written to state_step.';

drop trigger if exists a_guard_update on public.run_queue;
create trigger a_guard_update
  after update on public.run_queue
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.guard_transitions();
comment on trigger a_guard_update on public.run_queue is
  'Only steps of etl_api.state_transition; each is written to state_step.';

drop trigger if exists a_guard_insert on public.run_request;
create trigger a_guard_insert
  after insert on public.run_request
  referencing new table as new_rows
  for each statement
  execute function etl_api.guard_inserts();
comment on trigger a_guard_insert on public.run_request is
  'A new row begins as "new"; its steps are written to state_step.';

drop trigger if exists a_guard_update on public.run_request;
create trigger a_guard_update
  after update on public.run_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.guard_transitions();
comment on trigger a_guard_update on public.run_request is
  'Only steps of etl_api.state_transition; each is written to state_step.';

drop trigger if exists a_guard_insert on public.delivery;
create trigger a_guard_insert
  after insert on public.delivery
  referencing new table as new_rows
  for each statement
  execute function etl_api.guard_inserts();
comment on trigger a_guard_insert on public.delivery is
  'A new row begins as "new"; its steps are written to state_step.';

drop trigger if exists a_guard_update on public.delivery;
create trigger a_guard_update
  after update on public.delivery
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.guard_transitions();
comment on trigger a_guard_update on public.delivery is
  'Only steps of etl_api.state_transition; each is written to state_step.';

drop trigger if exists a_guard_delete on public.workflow_request;
create trigger a_guard_delete
  after delete on public.workflow_request
  referencing old table as old_rows
  for each statement
  execute function etl_api.guard_deletes();
comment on trigger a_guard_delete on public.workflow_request is
  'A row that goes is written to state_step, so that the counts stay right.';

drop trigger if exists a_guard_delete on public.activity_request;
create trigger a_guard_delete
  after delete on public.activity_request
  referencing old table as old_rows
  for each statement
  execute function etl_api.guard_deletes();
comment on trigger a_guard_delete on public.activity_request is
  'A row that goes is written to state_step, so that the counts stay right.';

drop trigger if exists a_guard_delete on public.run_queue;
create trigger a_guard_delete
  after delete on public.run_queue
  referencing old table as old_rows
  for each statement
  execute function etl_api.guard_deletes();
comment on trigger a_guard_delete on public.run_queue is
  'A row that goes is written to state_step, so that the counts stay right.';

drop trigger if exists a_guard_delete on public.run_request;
create trigger a_guard_delete
  after delete on public.run_request
  referencing old table as old_rows
  for each statement
  execute function etl_api.guard_deletes();
comment on trigger a_guard_delete on public.run_request is
  'A row that goes is written to state_step, so that the counts stay right.';

drop trigger if exists a_guard_delete on public.delivery;
create trigger a_guard_delete
  after delete on public.delivery
  referencing old table as old_rows
  for each statement
  execute function etl_api.guard_deletes();
comment on trigger a_guard_delete on public.delivery is
  'A row that goes is written to state_step, so that the counts stay right.';
