create or replace function etl_api.result_objects(
  activity_request_id uuid, result_role text, names text[], guarded boolean,
  out objects jsonb, out count bigint, out "values" bigint, out new bigint)
language plpgsql stable
set search_path = ''
as $$
begin
  -- An enrichment delivers what was asked for; a search everything known of what it found, unless told what.
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'object_type', t.name,
      'key', o.natural_key,
      'values', part."values",
      'provenance', part.provenance)
      || case when result_objects.result_role = 'result'
        then pg_catalog.jsonb_build_object('new', seen.is_new) else '{}' end order by known.place), '[]'),
    pg_catalog.count(*),
    coalesce(pg_catalog.sum(part.count), 0),
    pg_catalog.count(*) filter (where seen.is_new)
  into result_objects.objects, result_objects.count, result_objects."values", result_objects.new
  from etl_api.object_values(array(
      select x.object_id
      from public.activity_object as x
      where x.activity_request_id = result_objects.activity_request_id
        and x.role = result_objects.result_role
      order by x.score desc nulls last, x.ordinal),
    case when guarded then result_objects.activity_request_id end) as known
  -- A probe each: a plan made while the table was small would go through all of it for every object.
  cross join lateral (
    select thing.natural_key, thing.object_type_id
    from public.object as thing
    where thing.id = known.object_id
    limit 1
  ) as o
  join public.object_type as t on t.id = o.object_type_id
  cross join lateral (
    select case when result_objects.result_role = 'result' then (
      select coalesce(x.is_new, false)
      from public.activity_object as x
      where x.activity_request_id = result_objects.activity_request_id
        and x.role = 'result'
        and x.object_id = known.object_id) end as is_new
  ) as seen
  cross join lateral (
    select picked."values", picked.provenance,
      (select pg_catalog.count(*) from pg_catalog.jsonb_object_keys(picked."values")) as count
    from (
      select
        case when pg_catalog.cardinality(names) = 0 then known."values" else etl_api.pick(known."values", names) end as "values",
        case when pg_catalog.cardinality(names) = 0 then known.provenance
          else etl_api.pick(known.provenance, names) end as provenance
      offset 0
    ) as picked
  ) as part;
end
$$;

comment on function etl_api.result_objects(uuid, text, text[], boolean) is
  'The objects that an activity request results in, the best first where they are ranked, with the values known now under these names (none: all of them): [{object_type, key, values, provenance}], of a search also new; how many objects, values and new objects there are.';

revoke execute on function etl_api.result_objects(uuid, text, text[], boolean) from public;
grant execute on function etl_api.result_objects(uuid, text, text[], boolean) to service_role;
