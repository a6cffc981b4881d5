create or replace function etl_api.size_faults(data jsonb)
returns table (code text, path text, found jsonb, message text, hint text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  max_bytes constant bigint := etl_api.limit_of('max_data_bytes');
  max_depth constant bigint := etl_api.limit_of('max_data_depth');
  size constant bigint := utils.jsonb_size(data);
  bytes constant bigint := case when size > max_bytes / 8 then pg_catalog.octet_length(data::text) end;
  depth int;
begin
  if bytes > max_bytes then
    return query
    values ('too_large', '$', pg_catalog.to_jsonb(bytes),
      pg_catalog.format('The data of the request has %s bytes as JSON; %s is the most.', bytes, max_bytes),
      'Make several requests of it, or ask the operator to raise the setting max_data_bytes.');
  elsif size > max_depth * 8 and utils.jsonb_is_deeper(data, max_depth) then
    depth := utils.jsonb_depth(data);
    return query
    values ('too_deep', '$', pg_catalog.to_jsonb(depth),
      pg_catalog.format('The data of the request is nested %s levels deep; %s is the most.', depth, max_depth),
      'Make it flatter, or ask the operator to raise the setting max_data_depth.');
  end if;
end
$$;

comment on function etl_api.size_faults(jsonb) is
  'What is wrong with the size of a request''s data: more bytes or levels than the settings max_data_bytes and max_data_depth allow.';

revoke execute on function etl_api.size_faults(jsonb) from public;
grant execute on function etl_api.size_faults(jsonb) to service_role;
