create or replace function etl_api.store_value(
  object_id uuid, datapoint_id uuid, value jsonb, source_id uuid default null, confidence numeric default 1)
returns boolean
language sql
set search_path = ''
as $$
  select etl_api.store_values(
    array[o.org_id], array[o.id], array[store_value.datapoint_id], array[store_value.source_id],
    array[store_value.value], array[store_value.confidence], array[null::uuid]) = 1
  from public.object as o
  where o.id = store_value.object_id
$$;

comment on function etl_api.store_value(uuid, uuid, jsonb, uuid, numeric) is
  'Stores one value of an object; true when stored, false for JSON null, null when there is no such object.';

revoke execute on function etl_api.store_value(uuid, uuid, jsonb, uuid, numeric) from public;
grant execute on function etl_api.store_value(uuid, uuid, jsonb, uuid, numeric) to service_role;
