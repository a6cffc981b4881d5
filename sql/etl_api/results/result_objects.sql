create or replace function etl_api.result_objects(activity_request_ids uuid[], guarded boolean)
returns table (activity_request_id uuid, objects jsonb, count bigint, "values" bigint, missing bigint, new bigint)
language plpgsql stable
set search_path = ''
-- Lists meet by hash and rows are looked up by key; see answer_objects.
set enable_hashjoin = on
set enable_nestloop = off
as $$
#variable_conflict use_column
declare
  part record;
begin
  -- An enrichment delivers what was asked for; a search everything known of what it found, unless told what.
  select pg_catalog.array_agg(ar.id) as activity_ids, pg_catalog.array_agg(ar.names) as names,
    pg_catalog.array_agg(x.object_id) as object_ids, pg_catalog.array_agg(x.is_new) as are_new
  into part
  from unnest(activity_request_ids) as i (id)
  cross join lateral (
    select asking.id, asking.result_role, (
      select pg_catalog.jsonb_agg(d.name)
      from public.datapoint as d
      where d.id = any (asking.datapoint_ids)) as names
    from public.activity_request as asking
    where asking.id = i.id
    offset 0
  ) as ar
  left join lateral (
    select ao.object_id, case when ar.result_role = 'result' then coalesce(ao.is_new, false) end as is_new
    from public.activity_object as ao
    where ao.activity_request_id = ar.id
      and ao.role = ar.result_role
    order by ao.score desc nulls last, ao.ordinal
  ) as x on true;

  return query
  select t.activity_id,
    coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'object_type', o.type_name,
      'key', o.natural_key,
      'values', known."values",
      'provenance', known.provenance)
      || case when t.is_new is not null then pg_catalog.jsonb_build_object('new', t.is_new) else '{}' end
      order by t.place) filter (where o.natural_key is not null), '[]'),
    pg_catalog.count(o.natural_key),
    coalesce(pg_catalog.sum(n.count), 0)::bigint,
    coalesce(pg_catalog.sum(pg_catalog.jsonb_array_length(t.names) - n.count) filter (where o.natural_key is not null), 0)::bigint,
    pg_catalog.count(*) filter (where t.is_new)
  from etl_api.object_values(part.object_ids, part.names, case when guarded then part.activity_ids end) as known
  join unnest(part.activity_ids, part.names, part.are_new) with ordinality as t (activity_id, names, is_new, place)
    on t.place = known.place
  left join lateral (
    select thing.natural_key, (select kind.name from public.object_type as kind where kind.id = thing.object_type_id) as type_name
    from public.object as thing
    where thing.id = known.object_id
    offset 0
  ) as o on true
  cross join lateral (select pg_catalog.count(*) as count from pg_catalog.jsonb_object_keys(known."values")) as n
  group by t.activity_id;
end
$$;

comment on function etl_api.result_objects(uuid[], boolean) is
  'The objects that activity requests result in, the best first where they are ranked, with the values known now of the datapoints they ask for (none named: of all): [{object_type, key, values, provenance}], of a search also new; how many objects, values, values that are missing and new objects there are. With guarded, without the values that guardrails refuse. A row for each.';

revoke execute on function etl_api.result_objects(uuid[], boolean) from public;
grant execute on function etl_api.result_objects(uuid[], boolean) to service_role;
