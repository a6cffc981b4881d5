drop trigger if exists trg_mark_run_done on public.run_request;
create trigger trg_mark_run_done
  after update on public.run_request
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function public.mark_run_request_done();

comment on trigger trg_mark_run_done on public.run_request is
  'HTTP requests that ended end the runs they carried.';
