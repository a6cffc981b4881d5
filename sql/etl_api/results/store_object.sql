create or replace function etl_api.store_object(org_id uuid, object_type_id uuid, object jsonb) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  key_datapoints text[] := (select t.key_datapoints from public.object_type as t where t.id = object_type_id);
  natural_key jsonb := etl_api.natural_key(key_datapoints, object);
begin
  if natural_key is null then
    raise exception using
      errcode = 'ETL04',
      message = pg_catalog.format('the object has no natural key: %s found in %s',
        coalesce(pg_catalog.array_to_string(key_datapoints, ', '), 'no such object type'), pg_catalog.left(object::text, 200)),
      hint = 'Give every key datapoint of the object type a text, number or boolean.';
  end if;
  return (etl_api.store_objects(array[org_id], array[object_type_id], array[natural_key])).object_ids[1];
end
$$;

comment on function etl_api.store_object(uuid, uuid, jsonb) is
  'Stores one object, once per natural key, and returns its id. ETL04: a part of the key is missing.';

revoke execute on function etl_api.store_object(uuid, uuid, jsonb) from public;
grant execute on function etl_api.store_object(uuid, uuid, jsonb) to service_role;
