create or replace function etl_api.test_mapping_objects(source public.source, object_type_id uuid, sample jsonb)
returns table (
  what text, object_type text, object_no int, name text, value jsonb, path text, message text, mapping_id uuid)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  shown constant int := 100;
  read jsonb := '[]'::jsonb;
  number int;
  row_of record;
begin
  select t.name, t.key_datapoints, m.mapping, os.id as mapping_id into row_of
  from public.object_type as t
  cross join lateral (
    select etl_api.answer_mapping(source.id, t.id, etl_api.source_template(source, etl_api.test_mapping_kind(source))) as mapping
  ) as m
  left join public.object_source as os
    on os.source_id = source.id
    and os.object_type_id = t.id
    and os.direction = 'result'
  where t.id = test_mapping_objects.object_type_id;

  select pg_catalog.count(*), coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'path', o.path, 'object', o.object, 'raw', o.raw, 'key', o.natural_key) order by o.place) filter (where o.place <= shown), '[]')
  into number, read
  from etl_api.test_mapping_read(source, object_type_id, row_of.mapping, sample) as o;

  if number = 0 then
    return query
    select 'nothing', row_of.name, null::int, null::text, null::jsonb, etl_api.path_text(utils.mapping_path(row_of.mapping)),
      coalesce(etl_api.path_hint(sample, utils.mapping_path(row_of.mapping)), 'What is there is no object and no list of objects.'), row_of.mapping_id;
    return;
  end if;

  return query
  select v.*
  from etl_api.test_mapping_values(source, object_type_id, read) as v;
  if number > shown then
    return query
    select 'more', row_of.name, null::int, null::text, pg_catalog.to_jsonb(number - shown), etl_api.path_text(utils.mapping_path(row_of.mapping)),
      pg_catalog.format('And %s.', etl_api.explain_count(number - shown, 'more object', 'more objects')), row_of.mapping_id;
  end if;
end
$$;

comment on function etl_api.test_mapping_objects(public.source, uuid, jsonb) is
  'The objects of one type in a sample answer, their values, and the mappings that found nothing; see test_mapping.';

revoke execute on function etl_api.test_mapping_objects(public.source, uuid, jsonb) from public;
