create or replace function etl_api.cut_long_texts(data jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  select pg_catalog.jsonb_object_agg(f.key, case
    when pg_catalog.jsonb_typeof(f.value) = 'string' and pg_catalog.length(f.value #>> '{}') > 10000
      then pg_catalog.to_jsonb(pg_catalog."left"(f.value #>> '{}', 10000) || '... [truncated]')
    else f.value end)
  from pg_catalog.jsonb_each(data) as f
$$;

comment on function etl_api.cut_long_texts(jsonb) is
  'An object whose texts of more than 10,000 characters are cut there, and say so.';

revoke execute on function etl_api.cut_long_texts(jsonb) from public;
grant execute on function etl_api.cut_long_texts(jsonb) to service_role;
