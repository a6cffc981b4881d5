create or replace function etl_api.path_hint(data jsonb, path jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  steps constant jsonb := utils.path_steps(path);
  reached jsonb := '[]'::jsonb;
  here jsonb[] := array[data];
  next jsonb[];
  names text[];
  best text;
begin
  -- As far as the path leads, then what is there instead.
  loop
    if pg_catalog.jsonb_array_length(reached) = pg_catalog.jsonb_array_length(steps) then
      return null;
    end if;
    next := array(
      select n.value
      from utils.jsonb_resolve_values(data, reached || pg_catalog.jsonb_build_array(steps -> pg_catalog.jsonb_array_length(reached))) as n (value)
      limit 100);
    exit when next = '{}';
    here := next;
    reached := reached || pg_catalog.jsonb_build_array(steps -> pg_catalog.jsonb_array_length(reached));
  end loop;

  names := array(
    select distinct k.name
    from pg_catalog.unnest(here) as h (value)
    cross join lateral pg_catalog.jsonb_path_query(h.value, 'lax $[*] ? (@.type() == "object")') as o (object)
    cross join lateral pg_catalog.jsonb_object_keys(o.object) as k (name)
    limit 1000);
  best := utils.nearest_name(steps ->> pg_catalog.jsonb_array_length(reached), names);
  return pg_catalog.format('Nothing is there: %s %s.', etl_api.path_text(reached),
    case
      when best is not null then pg_catalog.format('has no %s, but %s', steps -> pg_catalog.jsonb_array_length(reached), pg_catalog.to_json(best))
      when names <> '{}' then pg_catalog.format('has no %s; it has %s', steps -> pg_catalog.jsonb_array_length(reached),
        (select pg_catalog.string_agg(pg_catalog.to_json(n.name)::text, ', ' order by n.name) from pg_catalog.unnest(names[1:10]) as n (name)))
      else 'is ' || etl_api.describe_json(here[1])
    end);
end
$$;

comment on function etl_api.path_hint(jsonb, jsonb) is
  'Why a path finds nothing in data: how far it leads, and the nearest name there, or the names or the value that are there. Null when it finds something.';

revoke execute on function etl_api.path_hint(jsonb, jsonb) from public;
