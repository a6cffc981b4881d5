create or replace function etl_api.hold_table() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform 1 from public.tables as t where t.id = coalesce(new.table_id, old.table_id) for no key update;
  return coalesce(new, old);
end
$$;

comment on function etl_api.hold_table() is
  'Lets those who change columns of the same table come one after the other, before any of them holds a column.';

revoke execute on function etl_api.hold_table() from public;
