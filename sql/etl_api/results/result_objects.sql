create or replace function etl_api.result_objects(activity_request_ids uuid[], guarded boolean)
returns table (activity_request_id uuid, org_id uuid, objects jsonb, count bigint, "values" bigint, missing bigint, new bigint)
language plpgsql stable
set search_path = ''
-- Lists meet by hash and rows are looked up by key; see answer_objects.
set enable_hashjoin = on
set enable_nestloop = off
set jit = off
as $$
#variable_conflict use_column
declare
  part record;
begin
  -- An enrichment delivers what was asked for; a search everything known of what it found, unless told what.
  with asking as materialized (
    select ar.*
    from unnest(activity_request_ids) as i (id)
    cross join lateral (
      select asked.id, asked.org_id, asked.result_role, asked.datapoint_ids
      from public.activity_request as asked
      where asked.id = i.id
      offset 0
    ) as ar
  ),
  named as materialized (
    select l.datapoint_ids, (
      select pg_catalog.jsonb_agg(d.name)
      from public.datapoint as d
      where d.id = any (l.datapoint_ids)) as names
    from (select distinct asking.datapoint_ids from asking) as l
  )
  select pg_catalog.array_agg(t.id) as activity_ids, pg_catalog.array_agg(t.org_id) as org_ids,
    pg_catalog.array_agg(t.is_search) as are_searches, pg_catalog.array_agg(t.names) as names,
    pg_catalog.array_agg(t.object_id) as object_ids, pg_catalog.array_agg(t.is_new) as are_new
  into part
  from (
    select a.id, a.org_id, a.result_role = 'result' as is_search, n.names, x.object_id, x.is_new
    from asking as a
    join named as n on n.datapoint_ids = a.datapoint_ids
    left join lateral (
      select ao.object_id, coalesce(ao.is_new, false) as is_new, ao.score, ao.ordinal
      from public.activity_object as ao
      where ao.activity_request_id = a.id
        and ao.role = a.result_role
      offset 0
    ) as x on true
    order by a.id, x.score desc nulls last, x.ordinal
  ) as t;

  -- The rows come in their order, so that the list needs no order of its own.
  return query
  select r.activity_id, r.org_id,
    coalesce(pg_catalog.jsonb_agg(case when r.is_search then r.object || pg_catalog.jsonb_build_object('new', r.is_new)
      else r.object end) filter (where r.natural_key is not null), '[]'),
    pg_catalog.count(r.natural_key),
    coalesce(pg_catalog.sum(r.count), 0)::bigint,
    coalesce(pg_catalog.sum(pg_catalog.jsonb_array_length(r.names) - r.count) filter (where r.natural_key is not null), 0)::bigint,
    case when r.is_search then pg_catalog.count(*) filter (where r.is_new) end
  from (
    select t.*, o.natural_key, known.count, pg_catalog.jsonb_build_object(
      'object_type', o.type_name,
      'key', o.natural_key,
      'values', known."values",
      'provenance', known.provenance) as object
    from etl_api.object_values(part.object_ids, part.names, case when guarded then part.activity_ids end) as known
    join unnest(part.activity_ids, part.org_ids, part.are_searches, part.names, part.are_new)
      with ordinality as t (activity_id, org_id, is_search, names, is_new, place)
      on t.place = known.place
    left join lateral (
      select thing.natural_key, (select kind.name from public.object_type as kind where kind.id = thing.object_type_id) as type_name
      from public.object as thing
      where thing.id = known.object_id
      offset 0
    ) as o on true
    order by t.activity_id, t.org_id, t.is_search, t.place
    offset 0
  ) as r
  group by r.activity_id, r.org_id, r.is_search;
end
$$;

comment on function etl_api.result_objects(uuid[], boolean) is
  'The objects that activity requests result in, the best first where they are ranked, with the values known now of the datapoints they ask for (none named: of all): [{object_type, key, values, provenance}], of a search also new; how many objects, values, values that are missing and (null but for a search) new objects there are. With guarded, without the values that guardrails refuse. A row for each.';

revoke execute on function etl_api.result_objects(uuid[], boolean) from public;
grant execute on function etl_api.result_objects(uuid[], boolean) to service_role;
