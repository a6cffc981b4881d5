create or replace function etl_api.completions_by_id(results jsonb, id_name text) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  -- In reverse, so that of two results for one id the first stays: jsonb_object_agg keeps the last.
  return (
    select coalesce(pg_catalog.jsonb_object_agg(r.id, r.value order by r.place desc), '{}')
    from (
      select utils.uuid_or_null(e.value -> id_name) as id, e.value, e.place
      from pg_catalog.jsonb_array_elements(results) with ordinality as e (value, place)
      offset 0
    ) as r
    where r.id is not null);
end
$$;

comment on function etl_api.completions_by_id(jsonb, text) is
  'A list of results as an object by their id; results without one are left out, of two with the same id the first stays.';

revoke execute on function etl_api.completions_by_id(jsonb, text) from public;
grant execute on function etl_api.completions_by_id(jsonb, text) to service_role;
