create or replace function etl_api.widen_columns(of_table public.tables, widened jsonb) returns jsonb
language sql
set search_path = ''
as $$
  with changed as (
    update public.table_columns as c
    set type = w.value ->> 'to',
      format = case when w.value ->> 'to' = c.type then c.format end,
      options = case when w.value ->> 'to' = c.type then c.options || (
        select coalesce(pg_catalog.jsonb_agg(o.option), '[]')
        from pg_catalog.jsonb_array_elements_text(w.value -> 'options') as o (option)
        where not c.options ? o.option) end,
      updated_at = utils.now()
    from pg_catalog.jsonb_array_elements(widened) as w (value)
    where c.table_id = of_table.id
      and c.name = w.value ->> 'name'
      and c.type = w.value ->> 'from'
    returning w.value
  )
  select coalesce(pg_catalog.jsonb_agg(c.value order by c.value ->> 'name' collate "C"), '[]')
  from changed as c
$$;

comment on function etl_api.widen_columns(public.tables, jsonb) is
  'Lets columns of a table take more, unless somebody else has changed their type since; returns what was changed.';

revoke execute on function etl_api.widen_columns(public.tables, jsonb) from public;
grant execute on function etl_api.widen_columns(public.tables, jsonb) to service_role;
