create or replace function etl_api.answer_values(
  org_ids uuid[], activity_request_ids uuid[], object_ids uuid[], object_type_ids uuid[], source_ids uuid[],
  run_request_ids uuid[], objects jsonb[], raws jsonb[], stored_ids uuid[])
returns table (
  org_id uuid, activity_request_id uuid, object_id uuid, datapoint_id uuid, source_id uuid, value jsonb, confidence numeric,
  run_request_id uuid, is_asked boolean)
language plpgsql stable
set search_path = ''
-- Lists meet by hash and rows are looked up by key; see answer_objects.
set enable_hashjoin = on
set enable_nestloop = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  with given as materialized (
    select t.*
    from unnest(
        org_ids, activity_request_ids, object_ids, object_type_ids, source_ids, run_request_ids, objects, raws, stored_ids)
      with ordinality
      as t (org_id, activity_request_id, object_id, type_id, source_id, run_request_id, object, raw, stored_id, place)
    where t.object_id is not null
  ),
  -- What a source is mapped for is read once for all its answers: of the datapoints that every tenant has (org_id is
  -- null), and of those that a tenant has of its own.
  mapped as materialized (
    select g.org_id, g.type_id, g.source_id, d.id as datapoint_id, d.name, d.name = any (t.key_datapoints) as is_key,
      ds.key_mapping_json as mapping, utils.mapping_member(ds.key_mapping_json) as member, ds.confidence
    from (
      select null::uuid as org_id, given.type_id, given.source_id
      from given
      union
      select given.org_id, given.type_id, given.source_id
      from given
    ) as g
    cross join lateral (select thing.key_datapoints from public.object_type as thing where thing.id = g.type_id offset 0) as t
    cross join lateral (
      select point.id, point.name
      from public.datapoint as point
      where point.org_id = g.org_id
        and point.object_type_id = g.type_id
      union all
      select point.id, point.name
      from public.datapoint as point
      where g.org_id is null
        and point.org_id is null
        and point.object_type_id = g.type_id
      offset 0
    ) as d
    left join lateral (
      select offered.key_mapping_json, offered.confidence
      from public.datapoint_source as offered
      where offered.source_id = g.source_id
        and offered.datapoint_id = d.id
      offset 0
    ) as ds on true
  ),
  said as (
    -- Every datapoint the source is mapped for, asked or not, and for a new object what its own mapping names. Of one
    -- that was asked about, the key is known. Zeros stand for no tenant: nulls do not meet by hash.
    select g.org_id, g.activity_request_id, g.object_id, m.datapoint_id, g.source_id, coalesce(m.confidence, 1) as confidence,
      g.run_request_id, g.stored_id is null as is_asked,
      case
        when m.mapping is null then g.object -> m.name
        when m.member is not null then g.raw -> m.member
        else utils.jsonb_resolve_value(g.raw, m.mapping)
      end as value
    from given as g
    cross join lateral (values ('00000000-0000-0000-0000-000000000000'), (g.org_id)) as owner (id)
    join mapped as m
      on coalesce(m.org_id, '00000000-0000-0000-0000-000000000000') = owner.id
      and m.type_id = g.type_id
      and m.source_id = g.source_id
    where case when g.stored_id is null then m.mapping is not null and not m.is_key
      else m.mapping is not null or g.object ? m.name end
    -- The last sighting wins; offset 0, so that a value is made once and not again for each look at it.
    order by g.place
    offset 0
  )
  select s.org_id, s.activity_request_id, s.object_id, s.datapoint_id, s.source_id, s.value, s.confidence,
    s.run_request_id, s.is_asked
  from said as s
  where s.value is not null
    and s.value <> 'null';
end
$$;

comment on function etl_api.answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) is
  'What answers say of objects, datapoint by datapoint, in the order given; takes what store_answer_values takes. is_asked: the object was asked about.';

revoke execute on function etl_api.answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) from public;
grant execute on function etl_api.answer_values(uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], jsonb[], jsonb[], uuid[]) to service_role;
