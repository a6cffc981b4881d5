create or replace function utils.mapping_path(mapping jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return case pg_catalog.jsonb_typeof(mapping) when 'object' then coalesce(mapping -> 'path', '[]') else mapping end;
end
$$;

comment on function utils.mapping_path(jsonb) is
  'The path of a mapping: the mapping itself when it is one, else its member "path", else [] (the node itself).';

revoke execute on function utils.mapping_path(jsonb) from public;
grant execute on function utils.mapping_path(jsonb) to authenticated, service_role;
