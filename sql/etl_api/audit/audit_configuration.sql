create or replace function etl_api.audit_configuration() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  of_table constant text := pg_catalog.format('%I.%I', tg_table_schema, tg_table_name);
  key_columns constant text[] := tg_argv[0]::text[];
  left_out constant text[] := tg_argv[1]::text[];
  changes etl_api.audit_change[];
begin
  -- A row whose key changed is a row that went and another that came.
  if tg_op = 'INSERT' then
    select pg_catalog.array_agg(etl_api.audit_change_of(of_table, key_columns, left_out, null, r.after)) into changes
    from (select pg_catalog.to_jsonb(n) as after from new_rows as n) as r;
  elsif tg_op = 'DELETE' then
    select pg_catalog.array_agg(etl_api.audit_change_of(of_table, key_columns, left_out, r.before, null)) into changes
    from (select pg_catalog.to_jsonb(o) as before from old_rows as o) as r;
  else
    select pg_catalog.array_agg(c.change) into changes
    from (select pg_catalog.to_jsonb(o) as row from old_rows as o) as before
    full join (select pg_catalog.to_jsonb(n) as row from new_rows as n) as after
      on etl_api.audit_key(after.row, key_columns) = etl_api.audit_key(before.row, key_columns)
    cross join lateral (
      select etl_api.audit_change_of(of_table, key_columns, left_out, before.row, after.row) as change offset 0) as c
    where (c.change).old is not null
      or (c.change).new is not null;
  end if;
  if changes is not null then
    perform etl_api.write_audit(changes);
  end if;
  return null;
end
$$;

comment on function etl_api.audit_configuration() is
  'Writes what a statement changed in a table of configuration to the audit log, in the same transaction. Arguments: the key of the table, and the columns that are not configuration.';

revoke execute on function etl_api.audit_configuration() from public;
