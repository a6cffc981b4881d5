create or replace function etl_api.kv_prepare(mapping_name text) returns void
language plpgsql
set search_path = ''
as $$
declare
  mapping etl_api.kv_mapping;
  parent text;
begin
  select m.* into mapping
  from etl_api.kv_mapping as m
  where m.name = mapping_name
  for no key update;
  if mapping.apply_sql is not null then
    return;
  end if;
  for parent in
    select distinct c.refers_to
    from etl_api.kv_columns(mapping) as c
    where c.refers_to <> mapping_name
    order by 1
  loop
    perform etl_api.kv_prepare(parent);
  end loop;
  perform etl_api.kv_create_table(mapping);
  update etl_api.kv_mapping as m
  set apply_sql = s.apply_sql,
      values_sql = s.values_sql
  from etl_api.kv_write_statements(mapping) as s
  where m.name = mapping_name;
end
$$;

comment on function etl_api.kv_prepare(text) is
  'Makes the table of a mapping and those it refers to, and the statements that fill it, where they are not there yet.';

revoke execute on function etl_api.kv_prepare(text) from public;
