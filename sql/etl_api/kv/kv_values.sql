create or replace function etl_api.kv_values(name text)
returns table (org_id uuid, key text, value jsonb, expires_at timestamptz)
language plpgsql stable
set search_path = ''
as $$
-- The statement is made of checked names, quoted by format, and returns all columns.
-- @plpgsql_check_options: security_warnings = false, extra_warnings = false
#variable_conflict use_column
declare
  statement constant text := (select m.values_sql from etl_api.kv_mapping as m where m.name = kv_values.name);
begin
  if statement is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('the mapping %s has no table', coalesce(kv_values.name, 'null')),
      hint = 'etl_api.kv_migrate makes it.';
  end if;
  return query execute statement;
end
$$;

comment on function etl_api.kv_values(text) is
  'The way back: the rows of a mapping''s table as keys and values, as they were stored. ETL04: no such mapping, or it has no table yet.';

revoke execute on function etl_api.kv_values(text) from public;
grant execute on function etl_api.kv_values(text) to service_role;
