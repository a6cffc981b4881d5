-- Null against missing: a JSON null is a missing value here. One match is the value itself, several are an array of
-- them in document order; a match that cannot be transformed is no match. With no match left, the default counts.
create or replace function utils.jsonb_resolve_value(data jsonb, mapping jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  shape constant jsonb := case when pg_catalog.jsonb_typeof(mapping) = 'object' then mapping else '{}' end;
  transform constant text := shape ->> 'transform';
  found constant jsonb[] := array(
    select t.value
    from utils.jsonb_resolve_values(data, utils.mapping_path(mapping)) with ordinality as r (value, n)
    cross join lateral (
      select case when transform is null then nullif(r.value, 'null') else utils.apply_transform(r.value, transform) end
    ) as t (value)
    where t.value is not null
    order by r.n);
begin
  return case pg_catalog.cardinality(found)
    when 0 then nullif(shape -> 'default', 'null')
    when 1 then found[1]
    else pg_catalog.to_jsonb(found)
  end;
end
$$;

comment on function utils.jsonb_resolve_value(jsonb, jsonb) is
  'The value a mapping gives: the one match, or an array of several, transformed; else the default; SQL null when missing.';

revoke execute on function utils.jsonb_resolve_value(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_value(jsonb, jsonb) to authenticated, service_role;
