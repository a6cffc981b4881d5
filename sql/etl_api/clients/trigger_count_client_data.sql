drop trigger if exists count_insert on public.client_data;
create trigger count_insert
  after insert on public.client_data
  referencing new table as new_rows
  for each statement
  execute function etl_api.count_client_data();
comment on trigger count_insert on public.client_data is 'Counts rows that come.';

drop trigger if exists count_delete on public.client_data;
create trigger count_delete
  after delete on public.client_data
  referencing old table as old_rows
  for each statement
  execute function etl_api.count_client_data();
comment on trigger count_delete on public.client_data is 'Counts rows that go.';

drop trigger if exists count_update on public.client_data;
create trigger count_update
  after update on public.client_data
  referencing old table as old_rows new table as new_rows
  for each statement
  execute function etl_api.count_client_data();
comment on trigger count_update on public.client_data is 'Counts rows that move to another table.';
