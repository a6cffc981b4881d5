create or replace function etl_api.check_mapping_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  fault record;
begin
  select n.id, 'key_mapping_json' as field, utils.mapping_error(n.key_mapping_json) as fault into fault
  from new_rows as n
  where utils.mapping_error(n.key_mapping_json) is not null
  limit 1;

  if found then
    raise exception using
      errcode = 'ETL07',
      message = pg_catalog.format('%s %s: %s: %s', tg_table_name, fault.id, fault.field, fault.fault),
      hint = 'Correct this field; nothing of the statement was written.';
  end if;
  return null;
end
$$;

comment on function etl_api.check_mapping_rules() is
  'Refuses mappings that the engine could not follow. ETL07 with a sentence.';

revoke execute on function etl_api.check_mapping_rules() from public;
