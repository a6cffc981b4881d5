create or replace function etl_api.test_mapping(source_id uuid, sample jsonb)
returns table (
  what text, object_type text, object_no int, name text, value jsonb, path text, message text, mapping_id uuid)
language plpgsql stable security definer
set search_path = ''
as $$
declare
  asked constant public.source := etl_api.test_mapping_source(source_id);
  type_id uuid;
begin
  if sample is null then
    raise exception using
      errcode = 'ETL04',
      message = 'sample is null: it must be the JSON body of an answer',
      hint = 'Copy one from run_response.body, or from the documentation of the source.';
  end if;

  return query
  select 'answer', null::text, null::int, a.name, a.value, a.path, a.message, null::uuid
  from etl_api.test_mapping_answer(asked, sample) as a;
  for type_id in
    select t.id
    from etl_api.test_mapping_types(asked) as t
  loop
    return query
    select o.*
    from etl_api.test_mapping_objects(asked, type_id, sample) as o;
  end loop;
  if type_id is null then
    return query
    values ('nothing', null::text, null::int, null::text, null::jsonb, null::text,
      'The source has no mapping: neither object_source (direction result) nor datapoint_source names it.', null::uuid);
  end if;
end
$$;

comment on function etl_api.test_mapping(uuid, jsonb) is
  'What a sample answer of a source would give, nothing stored; in rows of what: answer (how the engine takes it: map, fail, …; name is the member of the template''s response), object (value is its key, path its place; the first 100), value (name is the datapoint, path where it was found), nothing (a mapping that found nothing, or not in every object: path, and in message the nearest name there is), more. mapping_id is the row of object_source or datapoint_source. ETL04: no such source, or no sample.';

revoke execute on function etl_api.test_mapping(uuid, jsonb) from public;
grant execute on function etl_api.test_mapping(uuid, jsonb) to authenticated, service_role;
