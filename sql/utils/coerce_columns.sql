create or replace function utils.coerce_columns(columns jsonb)
returns table (name text, type text, format jsonb, options jsonb, kind text, pattern text)
language plpgsql immutable parallel safe
rows 20
set search_path = ''
as $$
declare
  fault text;
begin
  if coalesce(pg_catalog.jsonb_typeof(columns), 'null') not in ('array', 'null') then
    raise exception using errcode = 'ETL04',
      message = pg_catalog.format('columns are an array of {"name", "type"}, not %s', pg_catalog.jsonb_typeof(columns));
  end if;
  select coalesce(
    case when pg_catalog.jsonb_typeof(c.value) <> 'object' or c.value ->> 'name' is null
      then 'a column is an object with a name, not ' || pg_catalog."left"(c.value::text, 80) end,
    pg_catalog.format('column %I: ', c.value ->> 'name') || utils.column_type_error(c.value ->> 'type'))
  into fault
  from pg_catalog.jsonb_array_elements(nullif(columns, 'null')) as c (value)
  where pg_catalog.jsonb_typeof(c.value) <> 'object'
    or c.value ->> 'name' is null
    or utils.column_type_error(c.value ->> 'type') is not null
  limit 1;
  if fault is not null then
    raise exception using errcode = 'ETL04', message = fault;
  end if;
  return query
  select distinct on (c.value ->> 'name')
    c.value ->> 'name', c.value ->> 'type', nullif(c.value -> 'format', 'null'), nullif(c.value -> 'options', 'null'),
    case c.value ->> 'type' when 'number' then 'number' when 'boolean' then 'boolean' else 'string' end,
    utils.settled_pattern(c.value ->> 'type')
  from pg_catalog.jsonb_array_elements(nullif(columns, 'null')) with ordinality as c (value, n)
  order by c.value ->> 'name', c.n;
end
$$;

comment on function utils.coerce_columns(jsonb) is
  'The columns of utils.coerce_values, [{"name", "type", "format", "options"}], as rows, each with the kind of JSON value and the pattern that need no further look; of two with one name the first. Raises ETL04 for what is no column.';

revoke execute on function utils.coerce_columns(jsonb) from public;
grant execute on function utils.coerce_columns(jsonb) to authenticated, service_role;
