create or replace function etl_api.kv_key_sql(mapping etl_api.kv_mapping) returns text
language sql stable
set search_path = ''
as $$
  -- The pattern in parts: what stands there, and variables in braces.
  select 'pg_catalog.concat(' || pg_catalog.string_agg(
    case when p.part like '{%' then pg_catalog.format('t.%I', (
        select c.name from etl_api.kv_columns(mapping) as c where c.variable = pg_catalog.btrim(p.part, '{}')))
      else pg_catalog.quote_literal(p.part) end, ', ' order by p.place) || ')'
  from (
    select m[1] as part, place
    from pg_catalog.regexp_matches(mapping.key_pattern, '(\{[^}]*\}|[^{]+)', 'g') with ordinality as t (m, place)
  ) as p
$$;

comment on function etl_api.kv_key_sql(etl_api.kv_mapping) is 'The expression that makes the key of a row of a mapping''s table, t.';

revoke execute on function etl_api.kv_key_sql(etl_api.kv_mapping) from public;
