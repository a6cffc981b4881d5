create or replace function etl_api.check_table_reader(table_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if not exists (
    select 1
    from public.tables as t
    where t.id = check_table_reader.table_id
      and t.deleted_at is null
      and case when auth.uid() is null then etl_api.may_request(null) else t.organization_id in (select etl_api.my_orgs()) end)
  then
    -- Another's and none at all look the same from outside.
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no table %s', coalesce(table_id::text, 'null')),
      hint = 'Give the id of a row of tables.';
  end if;
end
$$;

comment on function etl_api.check_table_reader(uuid) is
  'Refuses a caller who may not read a table of records: the first statement of the doors that do. ETL04: none, it was deleted, or it is of an org the caller does not belong to.';

revoke execute on function etl_api.check_table_reader(uuid) from public;
