create or replace function etl_api.answer_mapping(source_id uuid, object_type_id uuid, template jsonb) returns jsonb
language sql stable
set search_path = ''
as $$
  -- The mapping row says where objects sit in the answer; where it gives no path, the template's response does.
  select case
      when os.key_mapping_json is null then '{}'
      when pg_catalog.jsonb_typeof(os.key_mapping_json) = 'object' then os.key_mapping_json
      else pg_catalog.jsonb_build_object('path', os.key_mapping_json)
    end
    || case
      when os.key_mapping_json is null or (pg_catalog.jsonb_typeof(os.key_mapping_json) = 'object' and not os.key_mapping_json ? 'path')
        then pg_catalog.jsonb_build_object('path', coalesce(template #> '{response,objects}', '[]'))
      else '{}'
    end
  from (select 1) as one
  left join public.object_source as os
    on os.source_id = answer_mapping.source_id
    and os.object_type_id = answer_mapping.object_type_id
    and os.direction = 'result'
$$;

comment on function etl_api.answer_mapping(uuid, uuid, jsonb) is
  'Where the objects of a type sit in a source''s answer: {path, fields}, from object_source (direction result) and the response member of the template.';

revoke execute on function etl_api.answer_mapping(uuid, uuid, jsonb) from public;
grant execute on function etl_api.answer_mapping(uuid, uuid, jsonb) to service_role;
