create or replace function etl_api.mask_secrets(request jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select pg_catalog.regexp_replace(request::text, '<<\$secret\.[A-Za-z0-9_][A-Za-z0-9_.-]*>>', '***', 'g')::jsonb
$$;

comment on function etl_api.mask_secrets(jsonb) is
  'A rendered request with *** for every secret, for people to look at.';

revoke execute on function etl_api.mask_secrets(jsonb) from public;
grant execute on function etl_api.mask_secrets(jsonb) to service_role;
