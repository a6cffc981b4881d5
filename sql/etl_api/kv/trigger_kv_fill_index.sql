drop trigger if exists kv_fill_index on etl_api.kv_index;
create trigger kv_fill_index
  after insert on etl_api.kv_index
  referencing new table as new_rows
  for each statement execute function etl_api.kv_fill_index();
comment on trigger kv_fill_index on etl_api.kv_index is 'A new list begins with what is there.';
