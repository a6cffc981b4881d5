create or replace function utils.jsonb_resolve_value(data jsonb, mapping jsonb) returns jsonb
language plpgsql immutable parallel unsafe
set search_path = ''
as $$
begin
  return utils.mapping_value(
    utils.jsonb_resolve_array(data, utils.mapping_path(mapping)),
    mapping ->> 'transform',
    nullif(mapping -> 'default', 'null'));
end
$$;

comment on function utils.jsonb_resolve_value(jsonb, jsonb) is
  'The value a mapping gives: the one match, or an array of several, transformed; else the default; SQL null when missing.';

revoke execute on function utils.jsonb_resolve_value(jsonb, jsonb) from public;
grant execute on function utils.jsonb_resolve_value(jsonb, jsonb) to authenticated, service_role;
