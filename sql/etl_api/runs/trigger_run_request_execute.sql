drop trigger if exists trigger_run_request_execute on public.run_queue;
create trigger trigger_run_request_execute
  after insert on public.run_queue
  referencing new table as new_rows
  for each statement
  execute function public.trigger_run_executor();

drop trigger if exists trigger_run_request_execute on public.run_request;
create trigger trigger_run_request_execute
  after insert on public.run_request
  referencing new table as new_rows
  for each statement
  execute function public.trigger_run_executor();

comment on trigger trigger_run_request_execute on public.run_queue is
  'Runs that wait for allocation wake the edge function.';
comment on trigger trigger_run_request_execute on public.run_request is
  'HTTP requests that are due wake the edge function.';
