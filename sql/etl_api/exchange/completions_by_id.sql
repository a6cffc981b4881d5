create or replace function etl_api.completions_by_id(results jsonb, id_name text) returns jsonb
language sql immutable
set search_path = ''
as $$
  -- In reverse, so that of two results for one id the first stays: jsonb_object_agg keeps the last.
  select coalesce(
    pg_catalog.jsonb_object_agg(utils.uuid_or_null(e.value -> id_name), e.value order by e.place desc)
      filter (where utils.uuid_or_null(e.value -> id_name) is not null),
    '{}')
  from pg_catalog.jsonb_array_elements(results) with ordinality as e (value, place)
$$;

comment on function etl_api.completions_by_id(jsonb, text) is
  'A list of results as an object by their id; results without one are left out, of two with the same id the first stays.';

revoke execute on function etl_api.completions_by_id(jsonb, text) from public;
grant execute on function etl_api.completions_by_id(jsonb, text) to service_role;
