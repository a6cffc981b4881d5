create or replace function etl_api.shorten_json(value jsonb) returns jsonb
language sql immutable parallel safe
set search_path = ''
as $$
  -- The size is looked at first: a payload of many megabytes is not to be written out to be cut.
  select case
    when value is null then null
    when pg_catalog.pg_column_size(value) <= 1000 and pg_catalog.length(value::text) <= 500 then value
    when pg_catalog.jsonb_typeof(value) = 'string' then pg_catalog.to_jsonb(pg_catalog.left(value #>> '{}', 200) || '…')
    else pg_catalog.to_jsonb(pg_catalog.format('(%s of %s bytes)',
      pg_catalog.jsonb_typeof(value), pg_catalog.pg_column_size(value)))
  end
$$;

comment on function etl_api.shorten_json(jsonb) is
  'A JSON value as it is shown in an error: itself when it is small, else the beginning of a text, or what it is and its size.';

revoke execute on function etl_api.shorten_json(jsonb) from public;
grant execute on function etl_api.shorten_json(jsonb) to service_role;
