create or replace function etl_api.keep_config_org() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception using
    errcode = 'ETL07',
    message = pg_catalog.format('%s %s: org_id never changes', tg_table_name, old.id),
    hint = 'Insert a copy for the other org.';
end
$$;

comment on function etl_api.keep_config_org() is
  'Refuses to move a configuration row to another org. ETL07.';

revoke execute on function etl_api.keep_config_org() from public;
