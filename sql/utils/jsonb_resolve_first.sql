create or replace function utils.jsonb_resolve_first(data jsonb, path jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return utils.jsonb_resolve_array(data, path) -> 0;
end
$$;

comment on function utils.jsonb_resolve_first(jsonb, jsonb) is
  'The first node a path selects; SQL null when there is none. A JSON null that is there stays ''null''::jsonb.';

revoke execute on function utils.jsonb_resolve_first(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_first(jsonb, jsonb) to authenticated, service_role;
