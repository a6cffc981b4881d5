create or replace function utils.mapping_fields(objects jsonb[], fields jsonb) returns jsonb[]
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
begin
  return array(
    select coalesce(pg_catalog.jsonb_object_agg(f.key, v.value) filter (where v.value is not null), '{}')
    from pg_catalog.jsonb_each(fields) as f
    cross join lateral pg_catalog.unnest(utils.jsonb_resolve_value_each(objects, f.value)) with ordinality as v (value, n)
    group by v.n
    order by v.n);
end
$$;

comment on function utils.mapping_fields(jsonb[], jsonb) is
  'The fields of a mapping resolved in many objects: one object of those found for each, in the same order. No fields at all give none.';

revoke execute on function utils.mapping_fields(jsonb[], jsonb) from public;
grant execute on function utils.mapping_fields(jsonb[], jsonb) to authenticated, service_role;
