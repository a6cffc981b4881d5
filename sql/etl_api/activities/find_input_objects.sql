create or replace function etl_api.find_input_objects(data jsonb, source_ids uuid[], wanted_type_id uuid default null)
returns table (object_type_id uuid, natural_key jsonb, object jsonb, path text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  -- Two sources may describe the same place: a path is read once per type and mapping.
  select m.object_type_id, etl_api.natural_key(m.key_datapoints, o.raw || o.object), o.raw || o.object, o.path
  from (
    select distinct os.object_type_id, os.key_mapping_json, t.key_datapoints
    from public.object_source as os
    join public.object_type as t on t.id = os.object_type_id
    where os.source_id = any (source_ids)
      and os.direction = 'input'
      and (wanted_type_id is null or os.object_type_id = wanted_type_id)
  ) as m
  cross join lateral utils.jsonb_resolve_object_names(data, m.key_mapping_json) as o;
end
$$;

comment on function etl_api.find_input_objects(jsonb, uuid[], uuid) is
  'The objects in a request''s data, where the input mappings of the sources say they are; of wanted_type_id, or of every type when it is null. natural_key is null when a part of the key is missing.';

revoke execute on function etl_api.find_input_objects(jsonb, uuid[], uuid) from public;
grant execute on function etl_api.find_input_objects(jsonb, uuid[], uuid) to service_role;
