-- In SQL, since PL/pgSQL refuses a parameter and a result column of one name, and both are called path.
create or replace function utils.jsonb_resolve(data jsonb, path jsonb)
returns table (value jsonb, path text[])
language sql immutable parallel safe
set search_path = ''
as $$
  select w.value, w.path from utils.jsonb_walk($1, $2) as w
$$;

comment on function utils.jsonb_resolve(jsonb, jsonb) is
  'The nodes of data that a path selects, each once, with its location (names and indexes from 0), in document order.';

revoke execute on function utils.jsonb_resolve(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve(jsonb, jsonb) to authenticated, service_role;
