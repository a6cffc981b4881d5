create or replace function etl_api.explain_advice(advice text, id uuid) returns text
language sql immutable
set search_path = ''
as $$
  select pg_catalog.regexp_replace(advice, '(etl_api\.[a-z_]+)\(id\)', pg_catalog.format('\1(%L)', id), 'g')
$$;

comment on function etl_api.explain_advice(text, uuid) is
  'What to do, with the id filled in, so that the call can be copied.';

revoke execute on function etl_api.explain_advice(text, uuid) from public;
