create or replace function etl_api.keyless_fault(object_type_id uuid, object jsonb, path text[]) returns jsonb
language sql stable
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'code', 'missing_value',
    'path', etl_api.path_text(pg_catalog.to_jsonb(path)),
    'found', object,
    'message', pg_catalog.format('This %s has no key: it needs %s.', t.name,
      pg_catalog.array_to_string(t.key_datapoints, ' and ')),
    'hint', 'Give each of them a text, number or boolean.')
  from public.object_type as t
  where t.id = keyless_fault.object_type_id
$$;

comment on function etl_api.keyless_fault(uuid, jsonb, text[]) is
  'What is wrong with an object of a request that has no natural key.';

revoke execute on function etl_api.keyless_fault(uuid, jsonb, text[]) from public;
grant execute on function etl_api.keyless_fault(uuid, jsonb, text[]) to service_role;
