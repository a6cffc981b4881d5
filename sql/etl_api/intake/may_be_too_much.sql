create or replace function etl_api.may_be_too_much(data jsonb, max_bytes bigint, max_depth bigint, max_objects bigint)
returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  size constant bigint := utils.jsonb_size(data);
begin
  return size > max_objects * 8
    or size > max_bytes / 8 and pg_catalog.octet_length(data::text) > max_bytes
    or size > max_depth * 8 and utils.jsonb_is_deeper(data, max_depth);
end
$$;

comment on function etl_api.may_be_too_much(jsonb, bigint, bigint, bigint) is
  'Whether data is over the limits of size and depth, or so large that more objects than allowed fit into it.';

revoke execute on function etl_api.may_be_too_much(jsonb, bigint, bigint, bigint) from public;
grant execute on function etl_api.may_be_too_much(jsonb, bigint, bigint, bigint) to service_role;
