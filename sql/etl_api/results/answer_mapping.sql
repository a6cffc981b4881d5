create or replace function etl_api.answer_mapping(source_id uuid, object_type_id uuid, template jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  mapping jsonb;
begin
  select os.key_mapping_json into mapping
  from public.object_source as os
  where os.source_id = answer_mapping.source_id
    and os.object_type_id = answer_mapping.object_type_id
    and os.direction = 'result';
  -- The mapping row says where objects sit in the answer; where it gives no path, the template's response does.
  if pg_catalog.jsonb_typeof(mapping) <> 'object' then
    return pg_catalog.jsonb_build_object('path', mapping);
  elsif mapping ? 'path' then
    return mapping;
  end if;
  return coalesce(mapping, '{}') || pg_catalog.jsonb_build_object('path', coalesce(template #> '{response,objects}', '[]'));
end
$$;

comment on function etl_api.answer_mapping(uuid, uuid, jsonb) is
  'Where the objects of a type sit in a source''s answer: {path, fields}, from object_source (direction result) and the response member of the template.';

revoke execute on function etl_api.answer_mapping(uuid, uuid, jsonb) from public;
grant execute on function etl_api.answer_mapping(uuid, uuid, jsonb) to service_role;
