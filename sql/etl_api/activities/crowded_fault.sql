create or replace function etl_api.crowded_fault(
  org_id uuid, object_type_id uuid, object jsonb, path text[], most bigint)
returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  count constant bigint := (
    select pg_catalog.count(*)
    from public.datapoint as d
    where d.object_type_id = crowded_fault.object_type_id
      and (d.org_id is null or d.org_id = crowded_fault.org_id)
      and object ? d.name
      and object -> d.name <> 'null');
begin
  return case when count > most then pg_catalog.jsonb_build_object(
    'code', 'too_many_values',
    'path', etl_api.path_text(pg_catalog.to_jsonb(path)),
    'found', count,
    'message', pg_catalog.format('This object gives %s values; %s is the most.', count, most),
    'hint', 'Leave out those that are not needed, or ask the operator to raise the setting max_values.') end;
end
$$;

comment on function etl_api.crowded_fault(uuid, uuid, jsonb, text[], bigint) is
  'What is wrong with an object of a request that gives more values than allowed; null when it does not.';

revoke execute on function etl_api.crowded_fault(uuid, uuid, jsonb, text[], bigint) from public;
grant execute on function etl_api.crowded_fault(uuid, uuid, jsonb, text[], bigint) to service_role;
