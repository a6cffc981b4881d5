create or replace function etl_api.place_vars(external_id text, cursor jsonb, page int) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('run_external_id', external_id))
    || pg_catalog.jsonb_build_object('cursor', cursor, 'page', coalesce(page, 1));
end
$$;

comment on function etl_api.place_vars(text, jsonb, int) is
  'What the placeholders of an HTTP request''s place in its chain stand for: <<$run_external_id>> when there is one, <<$cursor>>, <<$page>> (the first: null).';

revoke execute on function etl_api.place_vars(text, jsonb, int) from public;
grant execute on function etl_api.place_vars(text, jsonb, int) to service_role;
