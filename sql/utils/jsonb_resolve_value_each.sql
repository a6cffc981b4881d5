-- The mapping is read once for all documents, and most values need no function of ours at all. What unnest gives stays in
-- its order: there is no join.
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
      when f.found -> 1 is null then coalesce(utils.apply_transform(f.found -> 0, transform), standard)
      else utils.mapping_value(f.found, transform, standard)
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
