create or replace function etl_api.keep_table_view() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform etl_api.make_table_view(coalesce(new.id, old.id));
  return null;
end
$$;

comment on function etl_api.keep_table_view() is
  'Keeps the view of a table like the table: made, renamed and dropped with it.';

revoke execute on function etl_api.keep_table_view() from public;
