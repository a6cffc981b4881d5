create or replace function etl_api.input_mappings(org_id uuid, source_ids uuid[], wanted_type_id uuid default null)
returns table (object_type_id uuid, key_mapping_json jsonb)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Two sources may describe the same place: a path is read once per type and mapping.
  return query
  select distinct os.object_type_id, os.key_mapping_json
  from public.object_source as os
  where os.source_id = any (source_ids)
    and os.direction = 'input'
    and (wanted_type_id is null or os.object_type_id = wanted_type_id);
  if found or wanted_type_id is null then
    return;
  end if;

  -- Where the objects sit is the request's business: the sources asked may leave it to another of the org to say.
  return query
  select distinct os.object_type_id, os.key_mapping_json
  from public.object_source as os
  where os.object_type_id = wanted_type_id
    and os.direction = 'input'
    and (os.org_id is null or os.org_id = input_mappings.org_id)
    and not exists (
      select 1
      from public.source as s
      where s.id = os.source_id
        and s.deleted_at is not null);
end
$$;

comment on function etl_api.input_mappings(uuid, uuid[], uuid) is
  'Where input objects sit in a request''s data: the input mappings of the sources asked, of one type or (null) of every type; for one type, where these have none, those of every source the org sees.';

revoke execute on function etl_api.input_mappings(uuid, uuid[], uuid) from public;
grant execute on function etl_api.input_mappings(uuid, uuid[], uuid) to service_role;
