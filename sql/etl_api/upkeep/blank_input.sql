create or replace function etl_api.blank_input(workflow_request_id uuid, of_type uuid, of_key jsonb) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  key_names constant text[] := (select t.key_datapoints from public.object_type as t where t.id = of_type);
  given constant jsonb := (
    select w.data from public.workflow_request as w where w.id = blank_input.workflow_request_id and w.replay = 0);
  blanked jsonb := given;
  place text[];
begin
  -- A loop, since each place is blanked in what the one before left. A null keeps the others where they are.
  for place in
    select distinct o.path
    from public.activity_request as a
    cross join lateral etl_api.input_mappings(a.org_id, a.source_ids) as m
    cross join lateral utils.jsonb_resolve_object_names(given, m.key_mapping_json) as o
    where a.workflow_request_id = blank_input.workflow_request_id
      and m.object_type_id = of_type
      and etl_api.natural_key(key_names, o.raw || o.object) = of_key
    union
    select distinct o.path
    from public.activity_request as a
    cross join lateral etl_api.input_mappings(a.org_id, a.source_ids, of_type) as m
    cross join lateral utils.jsonb_resolve_object_names(given, m.key_mapping_json) as o
    where a.workflow_request_id = blank_input.workflow_request_id
      and etl_api.natural_key(key_names, o.raw || o.object) = of_key
  loop
    blanked := pg_catalog.jsonb_set(blanked, place, 'null', false);
  end loop;
  if blanked = given then
    return false;
  end if;
  update public.workflow_request as w
  set data = blanked
  where w.id = blank_input.workflow_request_id
    and w.replay = 0;
  return true;
end
$$;

comment on function etl_api.blank_input(uuid, uuid, jsonb) is
  'Puts null in the place of an object (its type and natural key) in the data of a request. Returns whether it was there. The caller holds the workflow lock.';

revoke execute on function etl_api.blank_input(uuid, uuid, jsonb) from public;
