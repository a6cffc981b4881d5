create or replace function etl_api.column_label(name text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select pg_catalog.upper(pg_catalog."left"(l.words, 1)) || pg_catalog.substr(l.words, 2)
  from (
    select pg_catalog.btrim(pg_catalog.regexp_replace(
      pg_catalog.regexp_replace(name, '([a-z0-9])([A-Z])', '\1 \2', 'g'), '[_\s]+', ' ', 'g')) as words
  ) as l
$$;

comment on function etl_api.column_label(text) is
  'What people see in place of a field''s name: employee_count is Employee count.';

revoke execute on function etl_api.column_label(text) from public;
grant execute on function etl_api.column_label(text) to service_role;
