create or replace function etl_api.prepare_records(
  lot etl_api.generated_record[], rows jsonb[], of_table public.tables, columns jsonb, unknown text[]) returns etl_api.generated_record[]
language plpgsql stable
set search_path = ''
as $$
declare
  required constant jsonb := (
    select pg_catalog.jsonb_object_agg(c.name, coalesce(c.default_value, 'null'))
    from public.table_columns as c
    where c.table_id = of_table.id
      and c.is_required
      and c.name not in ('company_name', 'name', 'email'));
  names constant text[] := array(select k.name from pg_catalog.jsonb_object_keys(required) as k (name));
  fixed constant text[] := array(
    select c.name
    from public.table_columns as c
    where c.table_id = of_table.id
      and c.is_required
      and c.name in ('company_name', 'name', 'email')
    order by c.name);
begin
  return array(
    select row(g.record_index, g.title, g.given, g.sources, g.confidence, g.enriched, g.method,
      case when s.is_long then etl_api.cut_long_texts(s.data) else s.data end,
      nullif(coalesce(c.warnings, '[]')
        || case when m.data is null then '[]' else (
          select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('field', k.key,
            'warning', pg_catalog.format('required field %I is missing', k.key)) order by k.key)
          from pg_catalog.jsonb_each(m.data) as k) end
        || case when fixed = '{}' then '[]' else (
          select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('field', f.name,
            'warning', pg_catalog.format('required field %I is missing', f.name))), '[]')
          from pg_catalog.unnest(fixed) as f (name)
          where coalesce(g.given ->> f.name, '') = ''
            -- What a record is called may stand under any of these.
            and (f.name = 'email' or coalesce(nullif(g.given ->> 'company_name', ''), nullif(g.given ->> 'name', ''), g.title, '') = '')) end
        || case when s.is_long then '[{"warning": "data truncated: it is larger than 1 MB"}]'::jsonb else '[]' end, '[]'),
      coalesce(g.fault, c.fault))::etl_api.generated_record
    from pg_catalog.unnest(lot) with ordinality as g
    join etl_api.coerce_landing_rows(rows, columns, of_table.contract, unknown) as c on c.n = g.ordinality
    cross join lateral (
      select (select pg_catalog.jsonb_object_agg(d.key, d.value) from pg_catalog.jsonb_each(required) as d
        where coalesce(c.data -> d.key, 'null') = 'null') as data
      where names <> '{}'
      union all
      select null where names = '{}'
    ) as m
    cross join lateral (
      select w.data, pg_catalog.pg_column_size(w.data) > 250000 and pg_catalog.length(w.data::text) > 1000000 as is_long
      from (select case when m.data is null then c.data else c.data || m.data end as data offset 0) as w
    ) as s
    order by g.ordinality);
end
$$;

comment on function etl_api.prepare_records(etl_api.generated_record[], jsonb[], public.tables, jsonb, text[]) is
  'Generated records, of which rows are the custom fields as they came, with their custom fields as the table wants them (data), what was noticed (warnings), and why one cannot land (fault). Required fields that are missing get their default, and are told; texts over 10,000 characters are cut where a record has more than a million.';

revoke execute on function etl_api.prepare_records(etl_api.generated_record[], jsonb[], public.tables, jsonb, text[]) from public;
grant execute on function etl_api.prepare_records(etl_api.generated_record[], jsonb[], public.tables, jsonb, text[]) to service_role;
