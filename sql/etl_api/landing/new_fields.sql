create or replace function etl_api.new_fields(rows jsonb, known_names text[]) returns text[]
language sql immutable parallel safe
set search_path = ''
as $$
  select coalesce(pg_catalog.array_agg(f.name order by f.name collate "C"), '{}')
  from (
    select k.name
    from (
      -- Rows of known fields only, which is most of them, are not taken apart.
      select r.value - coalesce(known_names, '{}') as rest
      from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) as r (value)
      where pg_catalog.jsonb_typeof(r.value) = 'object'
      offset 0
    ) as u
    cross join lateral pg_catalog.jsonb_object_keys(u.rest) as k (name)
    where u.rest <> '{}'
    group by k.name
  ) as f
$$;

comment on function etl_api.new_fields(jsonb, text[]) is
  'Fields that any of the rows has and that are not known, in the order of their bytes.';

revoke execute on function etl_api.new_fields(jsonb, text[]) from public;
grant execute on function etl_api.new_fields(jsonb, text[]) to service_role;
