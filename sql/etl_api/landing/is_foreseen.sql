-- Of rows that are most likely as those before: to be sure that they are costs little, and what they lack is then found out.
create or replace function etl_api.is_foreseen(rows jsonb[], columns jsonb) returns boolean
language sql immutable parallel safe
set search_path = ''
as $$
  select not exists (
    select 1
    from (select array(select c.value ->> 'name' from pg_catalog.jsonb_array_elements(columns) as c (value)) as names offset 0) as known
    cross join pg_catalog.unnest(rows) as r (value)
    where case when pg_catalog.jsonb_typeof(r.value) = 'object' then r.value - known.names <> '{}' end
  ) and not exists (
    select 1
    from (
      select c.value ->> 'name' as name, c.value ->> 'type' as type, c.value -> 'options' as options
      from pg_catalog.jsonb_array_elements(columns) as c (value)
      where c.value @> '{"open": true}'
        and c.value ->> 'type' in ('select', 'multiselect')
        and pg_catalog.jsonb_typeof(c.value -> 'options') = 'array'
      offset 0
    ) as choice
    cross join pg_catalog.unnest(rows) as r (value)
    where case pg_catalog.jsonb_typeof(r.value -> choice.name)
      when 'string' then choice.type = 'select' and not choice.options ? (r.value ->> choice.name)
      when 'array' then choice.type = 'multiselect' and not choice.options @> (r.value -> choice.name)
    end
  )
$$;

comment on function etl_api.is_foreseen(jsonb[], jsonb) is
  'Whether columns, as etl_api.plan_landing takes them, have every field of these rows, and every choice where the options may grow. False says only that it has to be asked.';

revoke execute on function etl_api.is_foreseen(jsonb[], jsonb) from public;
grant execute on function etl_api.is_foreseen(jsonb[], jsonb) to service_role;
