create or replace function utils.factor_bounds(operand text) returns text[]
language sql immutable parallel unsafe
set search_path = ''
as $$
  -- "and" and ".." before the comma, since a number may hold one: "1,000 and 5,000".
  select pg_catalog.array_agg(pg_catalog.btrim(b.bound) order by b.place)
  from pg_catalog.unnest(
    case
      when operand ~ '^\s*\[' then utils.factor_items(operand)
      when operand ~* '\sand\s' then pg_catalog.regexp_split_to_array(operand, '\s+and\s+', 'i')
      when operand like '%..%' then pg_catalog.string_to_array(operand, '..')
      else pg_catalog.string_to_array(operand, ',')
    end) with ordinality as b (bound, place)
  having pg_catalog.count(*) = 2
    and pg_catalog.min(pg_catalog.length(pg_catalog.btrim(b.bound))) > 0
$$;

comment on function utils.factor_bounds(text) is
  'The two bounds of "between": "a and b", "a..b", "a,b" or a JSON array; null when they are not two.';

revoke execute on function utils.factor_bounds(text) from public;
grant execute on function utils.factor_bounds(text) to authenticated, service_role;
