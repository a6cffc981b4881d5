create or replace function etl_api.view_column(name text, type text, format jsonb, called text) returns text
language sql immutable
set search_path = ''
as $$
  select pg_catalog.format(case
    when type = 'number' then 'case when pg_catalog.jsonb_typeof(r.data -> %1$L) = ''number'' then (r.data ->> %1$L)::numeric end'
    when type = 'boolean' then 'case when pg_catalog.jsonb_typeof(r.data -> %1$L) = ''boolean'' then (r.data ->> %1$L)::boolean end'
    when type = 'date' and format @> '{"time": true}' then 'utils.timestamptz_or_null(r.data -> %1$L)'
    when type = 'date' then 'utils.date_or_null(r.data -> %1$L)'
    when type = 'multiselect' then
      'case when pg_catalog.jsonb_typeof(r.data -> %1$L) = ''array'' then array(select pg_catalog.jsonb_array_elements_text(r.data -> %1$L)) end'
    else 'r.data ->> %1$L' end || ' as %2$I', name, called)
$$;

comment on function etl_api.view_column(text, text, jsonb, text) is
  'A field as a typed column of a view; what does not fit the type is null there, and stands in data.';

revoke execute on function etl_api.view_column(text, text, jsonb, text) from public;
grant execute on function etl_api.view_column(text, text, jsonb, text) to service_role;
