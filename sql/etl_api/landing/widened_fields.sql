create or replace function etl_api.widened_fields(rows jsonb, known jsonb) returns jsonb
language sql immutable parallel unsafe
set search_path = ''
as $$
  with narrow as (
    select c.value as column, c.value ->> 'name' as name, c.value ->> 'type' as type
    from pg_catalog.jsonb_array_elements(known) as c (value)
    where c.value ->> 'type' in ('number', 'date', 'boolean')
  ), sample as materialized (
    select etl_api.spread_rows(rows) as rows
    where exists (select 1 from narrow)
  ), misfit as (
    select w.value ->> 'field' as name, pg_catalog.count(*) as count
    from sample as s
    cross join lateral utils.coerce_values(s.rows, (select pg_catalog.jsonb_agg(n.column) from narrow as n)) as v
    cross join lateral pg_catalog.jsonb_array_elements(v.warnings) as w (value)
    where not (w.value -> 'fits')::boolean
    group by 1
    -- A handful says nothing of a column.
    having pg_catalog.count(*) >= 5
  ), judged as (
    select n.name, n.type, m.count, (
        select pg_catalog.count(*)
        from sample as s
        cross join lateral pg_catalog.jsonb_array_elements(s.rows) as r (value)
        where pg_catalog.jsonb_typeof(r.value -> n.name) <> 'null') as seen
    from narrow as n
    join misfit as m on m.name = n.name
  )
  select coalesce(
    pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_object('name', j.name, 'from', j.type, 'to', 'text', 'misfits', j.count, 'seen', j.seen)
      order by j.name collate "C"), '[]')
  from judged as j
  where j.count * 2 > j.seen
$$;

comment on function etl_api.widened_fields(jsonb, jsonb) is
  'Known columns of numbers, dates or booleans that have to become text: more than half of the new values, and five at least, do not fit. [{"name", "from", "to", "misfits", "seen"}], judged by at most 1,000 rows.';

revoke execute on function etl_api.widened_fields(jsonb, jsonb) from public;
grant execute on function etl_api.widened_fields(jsonb, jsonb) to service_role;
