create or replace function etl_api.describe_json(value jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select case pg_catalog.jsonb_typeof(value)
    when 'string' then case
      when value = '""' then 'an empty text'
      when pg_catalog.length(value #>> '{}') <= 60 then 'the text ' || value::text
      else pg_catalog.format('a text of %s characters', pg_catalog.length(value #>> '{}')) end
    when 'number' then case
      when pg_catalog.length(value::text) <= 60 then 'the number ' || value::text
      else pg_catalog.format('a number of %s digits', pg_catalog.length(value::text)) end
    when 'boolean' then value::text
    when 'null' then 'null'
    when 'array' then case pg_catalog.jsonb_array_length(value)
      when 0 then 'an empty list'
      else 'a list' end
    when 'object' then 'an object'
    else 'nothing'
  end
$$;

comment on function etl_api.describe_json(jsonb) is
  'What a JSON value is, as a sentence says it: the text "ten", the number 3, a list, an object, null, nothing.';

revoke execute on function etl_api.describe_json(jsonb) from public;
grant execute on function etl_api.describe_json(jsonb) to service_role;
