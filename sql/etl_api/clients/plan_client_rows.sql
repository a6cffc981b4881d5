create or replace function etl_api.plan_client_rows(
  rows jsonb, known jsonb, contract text,
  out columns jsonb, out added jsonb, out widened jsonb, out unknown text[])
returns record
language plpgsql immutable
set search_path = ''
as $$
declare
  empty text[];
begin
  select p.columns, p.added, p.widened, p.unknown into columns, added, widened, unknown
  from etl_api.plan_landing(rows, known, contract) as p;
  -- What nobody has filled in yet may become anything: it waits for the first value.
  empty := array(
    select a.value ->> 'name'
    from pg_catalog.jsonb_array_elements(added) as a (value)
    where (a.value ->> 'seen')::int = 0);
  added := (
    select coalesce(pg_catalog.jsonb_agg(a.value order by a.place), '[]')
    from pg_catalog.jsonb_array_elements(added) with ordinality as a (value, place)
    where a.value ->> 'name' <> all (empty));
  -- What was found out by looking may grow by looking on.
  columns := (
    select coalesce(pg_catalog.jsonb_agg(
      case when k.is_new and c.value ->> 'type' in ('select', 'multiselect') then c.value || '{"open": true}' else c.value end
      order by c.place), '[]')
    from pg_catalog.jsonb_array_elements(columns) with ordinality as c (value, place)
    cross join lateral (
      select exists (
        select 1
        from pg_catalog.jsonb_array_elements(added) as a (value)
        where a.value ->> 'name' = c.value ->> 'name') as is_new
    ) as k
    where c.value ->> 'name' <> all (empty));
end
$$;

comment on function etl_api.plan_client_rows(jsonb, jsonb, text) is
  'etl_api.plan_landing for clients'' tables: a field without a single value is not added yet, and choices stay open. ETL04: as there.';

revoke execute on function etl_api.plan_client_rows(jsonb, jsonb, text) from public;
