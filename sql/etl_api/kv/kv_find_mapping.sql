create or replace function etl_api.kv_find_mapping(mapping_name text) returns etl_api.kv_mapping
language plpgsql
set search_path = ''
as $$
declare
  mapping etl_api.kv_mapping;
begin
  select m.* into mapping
  from etl_api.kv_mapping as m
  where m.name = mapping_name
  for no key update;
  if not found then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no mapping %s', coalesce(mapping_name, 'null')),
      hint = 'etl_api.kv_mapping lists them; insert a row for one of your own.';
  elsif mapping.state = 'switched' then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('public.%s has taken over from the mapping %s', mapping.table_name, mapping_name),
      hint = 'Read and write the table.';
  end if;
  return mapping;
end
$$;

comment on function etl_api.kv_find_mapping(text) is
  'The mapping of that name, held until the transaction ends. ETL04: there is none; ETL05: its table has taken over.';

revoke execute on function etl_api.kv_find_mapping(text) from public;
