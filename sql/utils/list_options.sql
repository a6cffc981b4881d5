create or replace function utils.list_options(rows jsonb, name text) returns jsonb
language sql immutable parallel safe
set search_path = ''
set jit = off
as $$
  select pg_catalog.jsonb_agg(o.option order by o.uses desc, o.option collate "C")
  from (
    select e.option, pg_catalog.count(*) as uses
    from pg_catalog.jsonb_array_elements(rows) as r (value)
    cross join lateral pg_catalog.jsonb_array_elements_text(
      case pg_catalog.jsonb_typeof(r.value -> name) when 'array' then r.value -> name end) as e (option)
    where pg_catalog.btrim(e.option) <> ''
    group by e.option
    order by uses desc, e.option collate "C"
    limit 101
  ) as o
  having pg_catalog.count(*) <= 100
$$;

comment on function utils.list_options(jsonb, text) is
  'What the lists in one field hold, most frequent first; null when it is more than 100 different things.';

revoke execute on function utils.list_options(jsonb, text) from public;
grant execute on function utils.list_options(jsonb, text) to authenticated, service_role;
