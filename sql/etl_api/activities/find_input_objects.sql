create or replace function etl_api.find_input_objects(
  data jsonb, org_id uuid, source_ids uuid[], wanted_type_id uuid default null)
returns table (object_type_id uuid, natural_key jsonb, object jsonb, path text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select m.object_type_id, etl_api.natural_key(t.key_datapoints, o.raw || o.object), o.raw || o.object, o.path
  from etl_api.input_mappings(find_input_objects.org_id, source_ids, wanted_type_id) as m
  join public.object_type as t on t.id = m.object_type_id
  cross join lateral utils.jsonb_resolve_object_names(data, m.key_mapping_json) as o;
end
$$;

comment on function etl_api.find_input_objects(jsonb, uuid, uuid[], uuid) is
  'The objects in a request''s data, where the input mappings say they are (see input_mappings); of wanted_type_id, or of every type when it is null. natural_key is null when a part of the key is missing.';

revoke execute on function etl_api.find_input_objects(jsonb, uuid, uuid[], uuid) from public;
grant execute on function etl_api.find_input_objects(jsonb, uuid, uuid[], uuid) to service_role;
