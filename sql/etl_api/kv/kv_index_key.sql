create or replace function etl_api.kv_index_key(index etl_api.kv_index, names text[], of_names text[], parts text[], value jsonb)
returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  key text := index.name;
  variable text;
  given text;
begin
  -- A name has a variable or two.
  foreach variable in array names loop
    given := coalesce(
      parts[pg_catalog.array_position(of_names, variable)],
      utils.jsonb_resolve_first(value, coalesce(index.paths -> variable, pg_catalog.to_jsonb(variable))) #>> '{}');
    key := pg_catalog.replace(key, '{' || variable || '}', given);
  end loop;
  return key;
end
$$;

comment on function etl_api.kv_index_key(etl_api.kv_index, text[], text[], text[], jsonb) is
  'The key of the list that a key belongs to: each variable of the index''s name (names) is a part of the key listed (parts, named of_names) or lies in its value; null when one is neither.';

revoke execute on function etl_api.kv_index_key(etl_api.kv_index, text[], text[], text[], jsonb) from public;
