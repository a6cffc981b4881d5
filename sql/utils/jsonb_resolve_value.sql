-- Null against missing: a JSON null is a missing value here. One match is the value itself, several are an array of
-- them in document order; a match that cannot be transformed is no match. With no match left, the default counts.
create or replace function utils.jsonb_resolve_value(data jsonb, mapping jsonb) returns jsonb
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  transform text;
  standard jsonb;
  found jsonb[] := array(select nullif(r.value, 'null') from utils.jsonb_resolve_values(data, utils.mapping_path(mapping)) as r (value));
begin
  if pg_catalog.jsonb_typeof(mapping) = 'object' then
    transform := mapping ->> 'transform';
    standard := nullif(mapping -> 'default', 'null');
  end if;
  if transform is not null then
    for i in 1 .. pg_catalog.cardinality(found) loop
      found[i] := utils.apply_transform(found[i], transform);
    end loop;
  end if;
  found := pg_catalog.array_remove(found, null);
  return case pg_catalog.cardinality(found)
    when 0 then standard
    when 1 then found[1]
    else pg_catalog.to_jsonb(found)
  end;
end
$$;

comment on function utils.jsonb_resolve_value(jsonb, jsonb) is
  'The value a mapping gives: the one match, or an array of several, transformed; else the default; SQL null when missing.';

revoke execute on function utils.jsonb_resolve_value(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_value(jsonb, jsonb) to authenticated, service_role;
