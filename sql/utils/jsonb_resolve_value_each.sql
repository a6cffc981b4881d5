-- The mapping is read once for all documents, and most values need no function of ours at all: a plain number or date is
-- told by its looks, a day up to the 28th being one in every month. What unnest gives stays in its order: there is no join.
create or replace function utils.jsonb_resolve_value_each(documents jsonb[], mapping jsonb) returns jsonb[]
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  path constant jsonb := utils.mapping_path(mapping);
  exact constant jsonpath := utils.path_exact(path);
  transform constant text := mapping ->> 'transform';
  standard constant jsonb := nullif(mapping -> 'default', 'null');
begin
  return array(
    select case
      when f.found -> 1 is null and transform is null then coalesce(nullif(f.found -> 0, 'null'), standard)
      when f.found -> 1 is not null then utils.mapping_value(f.found, transform, standard)
      when transform = 'number' and f.found ->> 0 ~ '^-?[0-9]{1,20}(\.[0-9]{1,20})?$'
        then pg_catalog.to_jsonb((f.found ->> 0)::numeric)
      when transform = 'date' and f.found ->> 0 ~ '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$'
        then f.found -> 0
      else coalesce(utils.apply_transform(f.found -> 0, transform), standard)
    end
    from (
      select case
        when exact is null then utils.jsonb_resolve_array(d.value, path)
        else pg_catalog.jsonb_path_query_array(d.value, exact)
      end as found
      from pg_catalog.unnest(documents) as d (value)
      offset 0  -- else it is worked out once for each mention
    ) as f);
end
$$;

comment on function utils.jsonb_resolve_value_each(jsonb[], jsonb) is
  'As utils.jsonb_resolve_value for each of many documents: their values, one for each, in the same order; SQL null where missing.';

revoke execute on function utils.jsonb_resolve_value_each(jsonb[], jsonb) from public;
grant execute on function utils.jsonb_resolve_value_each(jsonb[], jsonb) to authenticated, service_role;
