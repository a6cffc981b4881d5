-- A choice that the engine found out by itself, from the first rows that came, grows with those that come after; one that
-- somebody has written down does not.
create or replace function etl_api.new_options(rows jsonb, columns jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(g.change order by g.name collate "C"), '[]')
  from (
    select c.value ->> 'name' as name,
      case when pg_catalog.count(*) + pg_catalog.jsonb_array_length(c.value -> 'options') <= 100
        then pg_catalog.jsonb_build_object('name', c.value ->> 'name', 'from', c.value ->> 'type', 'to', c.value ->> 'type',
          'options', pg_catalog.jsonb_agg(o.option order by o.uses desc, o.option collate "C"))
        else pg_catalog.jsonb_build_object('name', c.value ->> 'name', 'from', c.value ->> 'type', 'to', 'text',
          'misfits', pg_catalog.sum(o.uses))
      end as change
    from pg_catalog.jsonb_array_elements(columns) as c (value)
    cross join lateral (
      select array(
        select pg_catalog.lower(utils.narrow_text(k.option))
        from pg_catalog.jsonb_array_elements_text(case pg_catalog.jsonb_typeof(c.value -> 'options') when 'array' then c.value -> 'options' end) as k (option)
        where k.option is not null
      ) as names offset 0
    ) as known
    cross join lateral (
      select pg_catalog.btrim(e.option) as option, pg_catalog.count(*) as uses
      from pg_catalog.jsonb_array_elements(rows) as r (value)
      cross join lateral (select r.value -> (c.value ->> 'name') as value offset 0) as f
      cross join lateral pg_catalog.jsonb_array_elements_text(case
        when pg_catalog.jsonb_typeof(f.value) = 'array' and c.value ->> 'type' = 'multiselect' then f.value
        when pg_catalog.jsonb_typeof(f.value) = 'string' and c.value ->> 'type' = 'select' then pg_catalog.jsonb_build_array(f.value)
      end) as e (option)
      where not c.value -> 'options' ? e.option
        -- As utils.option_of has it, but asked for all at once.
        and pg_catalog.lower(utils.narrow_text(e.option)) <> all (known.names)
        and pg_catalog.btrim(e.option) <> ''
      group by 1
    ) as o
    where c.value @> '{"open": true}'
      and c.value ->> 'type' in ('select', 'multiselect')
      and pg_catalog.jsonb_typeof(c.value -> 'options') = 'array'
    group by c.value
  ) as g
$$;

comment on function etl_api.new_options(jsonb, jsonb) is
  'What columns of choices marked "open" lack for these rows: [{"name", "from", "to", "options": [new ones]}]; beyond 100 options such a column becomes text.';

revoke execute on function etl_api.new_options(jsonb, jsonb) from public;
grant execute on function etl_api.new_options(jsonb, jsonb) to service_role;
