create or replace function utils.coerce_values(rows jsonb, columns jsonb)
returns table (n bigint, data jsonb, originals jsonb, warnings jsonb)
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select *
  from utils.coerce_rows(array(
    select r.value
    from pg_catalog.jsonb_array_elements(case pg_catalog.jsonb_typeof(rows) when 'array' then rows end) as r (value)), columns);
end
$$;

comment on function utils.coerce_values(jsonb, jsonb) is
  'As utils.coerce_value for every field of every row: rows is an array of objects, columns [{"name", "type", "format", "options"}] as utils.infer_schema gives them. Each row with its place, its data, what changed as it was ({field: value}), and warnings [{field, type, fits, warning}]. Other fields, and rows that are no objects, stay as they are.';

revoke execute on function utils.coerce_values(jsonb, jsonb) from public;
grant execute on function utils.coerce_values(jsonb, jsonb) to authenticated, service_role;
