drop trigger if exists kv_check_mapping on etl_api.kv_mapping;
create trigger kv_check_mapping
  before insert or update on etl_api.kv_mapping
  for each row execute function etl_api.kv_check_mapping();
comment on trigger kv_check_mapping on etl_api.kv_mapping is 'A mapping can be used, or is refused.';
