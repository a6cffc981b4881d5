create or replace function etl_api.coerce_landing(rows jsonb, columns jsonb, contract text, unknown text[] default '{}')
returns table (n bigint, data jsonb, originals jsonb, warnings jsonb, fault text)
language plpgsql immutable parallel unsafe
rows 1000
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select *
  from etl_api.coerce_landing_rows(array(
    select r.value
    from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) as r (value)), columns, contract, unknown);
end
$$;

comment on function etl_api.coerce_landing(jsonb, jsonb, text, text[]) is
  'Rows as a target''s columns want them (utils.coerce_values), without the fields that contract discard drops; fault says why a row cannot land: it is no object, or has a field that contract freeze refuses. columns and unknown come from etl_api.plan_landing.';

revoke execute on function etl_api.coerce_landing(jsonb, jsonb, text, text[]) from public;
grant execute on function etl_api.coerce_landing(jsonb, jsonb, text, text[]) to service_role;
