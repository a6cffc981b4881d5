create or replace function etl_api.record_columns(table_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.jsonb_build_object('name', c.name, 'type', c.type, 'format', c.format, 'options', c.options, 'open', c.is_inferred)
    order by c.display_order, c.name collate "C"), '[]')
  from public.table_columns as c
  where c.table_id = record_columns.table_id
    -- These are columns of every record.
    and c.name not in ('company_name', 'name', 'email')
$$;

comment on function etl_api.record_columns(uuid) is
  'The custom columns of a table, as etl_api.plan_landing wants them.';

revoke execute on function etl_api.record_columns(uuid) from public;
grant execute on function etl_api.record_columns(uuid) to service_role;
