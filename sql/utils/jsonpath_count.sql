create or replace function utils.jsonpath_count(data jsonb, path text) returns int
language sql immutable strict parallel safe
set search_path = ''
as $$
  -- The types are counted, not the values: they are short, where a value may be large.
  select pg_catalog.jsonb_array_length(
    pg_catalog.jsonb_path_query_array(jsonpath_count.data, (jsonpath_count.path || '.type()')::jsonpath))
$$;

comment on function utils.jsonpath_count(jsonb, text) is
  'How many nodes a jsonpath selects.';

revoke execute on function utils.jsonpath_count(jsonb, text) from public;
grant execute on function utils.jsonpath_count(jsonb, text) to authenticated, service_role;
