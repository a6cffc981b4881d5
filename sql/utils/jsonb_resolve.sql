-- In SQL, since PL/pgSQL refuses a parameter and a result column of one name, and both are called path. #> '{}' gives
-- the value as it is, but unpacks one that comes compressed from a table: once here, not again in every step.
create or replace function utils.jsonb_resolve(data jsonb, path jsonb)
returns table (value jsonb, path text[])
language sql immutable parallel safe
set search_path = ''
as $$
  select n.value, n.location from utils.jsonb_nodes($1 #> '{}', $2, false) as n
$$;

comment on function utils.jsonb_resolve(jsonb, jsonb) is
  'The nodes of data that a path selects, each once, with its location (names and indexes from 0), in document order.';

revoke execute on function utils.jsonb_resolve(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve(jsonb, jsonb) to authenticated, service_role;
