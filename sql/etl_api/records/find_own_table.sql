create or replace function etl_api.find_own_table(table_id uuid) returns public.tables
language plpgsql stable
set search_path = ''
as $$
declare
  found_table public.tables;
begin
  select t.* into found_table
  from public.tables as t
  where t.id = find_own_table.table_id
    and (auth.uid() is null or t.organization_id in (select etl_api.my_orgs()));
  if found_table.id is null or not coalesce(etl_api.may_request(found_table.organization_id), false) and auth.uid() is null then
    -- Another's and none at all look the same from outside.
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('there is no table %s', coalesce(table_id::text, 'null')),
      hint = 'Give the id of a row of tables.';
  elsif not etl_api.may_request(found_table.organization_id) then
    raise exception using
      errcode = 'ETL06',
      message = pg_catalog.format('your role in org %s only reads', found_table.organization_id),
      hint = 'An owner, admin or member of the org can do this.';
  elsif found_table.deleted_at is not null then
    raise exception using
      errcode = 'ETL05',
      message = pg_catalog.format('table %s was deleted at %s', table_id, found_table.deleted_at),
      hint = 'Set its deleted_at to null to have it back.';
  end if;
  return found_table;
end
$$;

comment on function etl_api.find_own_table(uuid) is
  'A table of records, if the caller may write there: the first statement of the doors that do. ETL04: none, or of an org the caller does not belong to; ETL05: it was deleted; ETL06: the caller only reads there.';

revoke execute on function etl_api.find_own_table(uuid) from public;
