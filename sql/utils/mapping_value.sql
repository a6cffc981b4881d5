-- Null against missing: a JSON null is a missing value here. One match is the value itself, several are an array of
-- them in document order; a match that cannot be transformed is no match. With no match left, the default counts.
create or replace function utils.mapping_value(matches jsonb, transform text, standard jsonb) returns jsonb
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
declare
  kept jsonb := matches;
begin
  if matches -> 1 is null then
    return coalesce(
      case when transform is null then nullif(matches -> 0, 'null') else utils.apply_transform(matches -> 0, transform) end,
      standard);
  elsif transform is not null then
    kept := coalesce((
      select pg_catalog.jsonb_agg(t.value order by e.n)
      from pg_catalog.jsonb_array_elements(matches) with ordinality as e (value, n)
      cross join lateral utils.apply_transform(e.value, transform) as t (value)
      where t.value is not null), '[]');
  elsif matches @> '[null]' then
    kept := pg_catalog.jsonb_path_query_array(matches, 'strict $[*] ? (@.type() != "null")');
  end if;
  return case pg_catalog.jsonb_array_length(kept) when 0 then standard when 1 then kept -> 0 else kept end;
end
$$;

comment on function utils.mapping_value(jsonb, text, jsonb) is
  'The value that a mapping makes of the array of its matches: the one match, or an array of several, transformed; else the default (standard).';

revoke execute on function utils.mapping_value(jsonb, text, jsonb) from public;
grant execute on function utils.mapping_value(jsonb, text, jsonb) to authenticated, service_role;
