create or replace function etl_api.add_columns(of_table public.tables, added jsonb) returns jsonb
language sql
set search_path = ''
as $$
  with inserted as (
    insert into public.table_columns
      (table_id, organization_id, name, label, type, options, format, display_order, is_inferred, created_at, updated_at)
    select of_table.id, of_table.organization_id, a.value ->> 'name', etl_api.column_label(a.value ->> 'name'), a.value ->> 'type',
      nullif(a.value -> 'options', 'null'), nullif(a.value -> 'format', 'null'), there.last + a.place, true, utils.now(), utils.now()
    from pg_catalog.jsonb_array_elements(added) with ordinality as a (value, place)
    cross join (
      select coalesce(pg_catalog.max(c.display_order), 0) as last, pg_catalog.count(*) as count
      from public.table_columns as c
      where c.table_id = of_table.id
    ) as there
    where pg_catalog.octet_length(a.value ->> 'name') between 1 and 500
      -- A view has no room for more.
      and there.count + a.place <= 1000
    order by a.value ->> 'name' collate "C"
    -- Of two who find the same field at once the first says what it is.
    on conflict (table_id, name) do nothing
    returning name
  )
  select coalesce(pg_catalog.jsonb_agg(a.value order by a.place), '[]')
  from pg_catalog.jsonb_array_elements(added) with ordinality as a (value, place)
  join inserted as i on i.name = a.value ->> 'name'
$$;

comment on function etl_api.add_columns(public.tables, jsonb) is
  'Adds columns to a table that nobody has added yet, up to a thousand; returns those that were.';

revoke execute on function etl_api.add_columns(public.tables, jsonb) from public;
grant execute on function etl_api.add_columns(public.tables, jsonb) to service_role;
