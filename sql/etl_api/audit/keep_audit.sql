create or replace function etl_api.keep_audit() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception using
    errcode = 'ETL10',
    message = pg_catalog.format('%s of %I.%I: the audit log only grows', pg_catalog.lower(tg_op), tg_table_schema, tg_table_name),
    hint = 'What it says of an org that is erased is blanked by etl_api.erase_audit, which leaves an entry of its own.';
end
$$;

comment on function etl_api.keep_audit() is
  'Refuses to change or delete entries of the audit log, for every role. ETL10.';

revoke execute on function etl_api.keep_audit() from public;
