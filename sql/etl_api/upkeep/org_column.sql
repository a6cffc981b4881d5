create or replace function etl_api.org_column(of_table regclass) returns name
language sql stable
set search_path = ''
as $$
  select a.attname
  from pg_catalog.pg_attribute as a
  where a.attrelid = of_table
    and a.attname in ('org_id', 'organization_id')
    and not a.attisdropped
  order by a.attname desc
  limit 1
$$;

comment on function etl_api.org_column(regclass) is
  'The column of a table that says whose its rows are: org_id, or organization_id in the stores that call it so; null: it has none.';

revoke execute on function etl_api.org_column(regclass) from public;
