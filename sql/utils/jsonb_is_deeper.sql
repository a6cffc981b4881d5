create or replace function utils.jsonb_is_deeper(data jsonb, levels bigint) returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return levels < 2147483647
    and pg_catalog.jsonb_path_exists(data, ('strict $.**{' || levels + 1 || '}')::jsonpath);
end
$$;

comment on function utils.jsonb_is_deeper(jsonb, bigint) is
  'Whether anything in a document lies more than so many levels below its top: a member of it lies 1 level below.';

revoke execute on function utils.jsonb_is_deeper(jsonb, bigint) from public;
grant execute on function utils.jsonb_is_deeper(jsonb, bigint) to authenticated, service_role;
