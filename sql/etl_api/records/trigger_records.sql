-- Whoever changes columns, by hand or by landing, comes one after the other; then the views follow.

drop trigger if exists hold_table on public.table_columns;
create trigger hold_table
  before insert or update or delete on public.table_columns
  for each row
  execute function etl_api.hold_table();
comment on trigger hold_table on public.table_columns is
  'Those who change columns of one table come one after the other.';

drop trigger if exists keep_view_insert on public.table_columns;
create trigger keep_view_insert
  after insert on public.table_columns
  referencing new table as new_rows
  for each statement
  execute function etl_api.keep_table_views();
comment on trigger keep_view_insert on public.table_columns is
  'The view of the table follows.';

drop trigger if exists keep_view_update on public.table_columns;
create trigger keep_view_update
  after update on public.table_columns
  referencing new table as new_rows
  for each statement
  execute function etl_api.keep_table_views();
comment on trigger keep_view_update on public.table_columns is
  'The view of the table follows.';

drop trigger if exists keep_view_delete on public.table_columns;
create trigger keep_view_delete
  after delete on public.table_columns
  referencing old table as old_rows
  for each statement
  execute function etl_api.keep_table_views();
comment on trigger keep_view_delete on public.table_columns is
  'The view of the table follows.';

drop trigger if exists keep_view on public.tables;
create trigger keep_view
  after insert or update of name, deleted_at or delete on public.tables
  for each row
  execute function etl_api.keep_table_view();
comment on trigger keep_view on public.tables is
  'The view of the table follows.';

drop trigger if exists touch_record on public.records;
create trigger touch_record
  before update on public.records
  for each row
  execute function etl_api.touch_record();
comment on trigger touch_record on public.records is
  'When it was last changed.';

drop trigger if exists touch_column on public.table_columns;
create trigger touch_column
  before update on public.table_columns
  for each row
  execute function etl_api.touch_record();
comment on trigger touch_column on public.table_columns is
  'When it was last changed.';
