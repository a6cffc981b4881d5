create or replace function etl_api.keep_table_views() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    perform etl_api.make_table_view(o.table_id)
    from (select distinct r.table_id from old_rows as r order by r.table_id) as o;
  else
    perform etl_api.make_table_view(n.table_id)
    from (select distinct r.table_id from new_rows as r order by r.table_id) as n;
  end if;
  return null;
end
$$;

comment on function etl_api.keep_table_views() is
  'Keeps the views of tables like their columns.';

revoke execute on function etl_api.keep_table_views() from public;
