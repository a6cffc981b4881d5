create or replace function etl_api.count_client_data() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  changes etl_api.client_count_delta[];
begin
  if tg_op = 'INSERT' then
    changes := array(
      select row(0, n.organization_id, n.client_id, n.table_name, pg_catalog.count(*))::etl_api.client_count_delta
      from new_rows as n
      group by n.organization_id, n.client_id, n.table_name);
  elsif tg_op = 'DELETE' then
    changes := array(
      select row(0, o.organization_id, o.client_id, o.table_name, -pg_catalog.count(*))::etl_api.client_count_delta
      from old_rows as o
      group by o.organization_id, o.client_id, o.table_name);
  else
    changes := array(
      select row(0, r.organization_id, r.client_id, r.table_name, pg_catalog.sum(r.rows))::etl_api.client_count_delta
      from (
        select o.organization_id, o.client_id, o.table_name, -1 as rows from old_rows as o
        union all
        select n.organization_id, n.client_id, n.table_name, 1 from new_rows as n
      ) as r
      group by r.organization_id, r.client_id, r.table_name
      having pg_catalog.sum(r.rows) <> 0);
  end if;
  perform etl_api.note_client_counts(changes);
  return null;
end
$$;

comment on function etl_api.count_client_data() is
  'Writes down how many rows of which client''s table came and went with a statement.';

revoke execute on function etl_api.count_client_data() from public;
