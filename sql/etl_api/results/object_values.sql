create or replace function etl_api.object_values(object_ids uuid[], names jsonb[] default null, accepted_by uuid[] default null)
returns table (object_id uuid, "values" jsonb, provenance jsonb, place bigint, count bigint)
language plpgsql stable
set search_path = ''
-- Lists meet by hash and rows are looked up by key; see answer_objects.
set enable_hashjoin = on
set enable_nestloop = off
set jit = off
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := utils.now();
begin
  -- What its guardrails refuse is not there for an activity. What the request itself said comes first, then fresh before
  -- stale, then the sources in their order. "offset 0" keeps look-ups by key from becoming joins over the table.
  return query
  with guardrail as materialized (
    select f.*
    from etl_api.factors_of(array(select distinct a.id from unnest(accepted_by) as a (id)), true) as f
    where accepted_by is not null
  ),
  asked as materialized (
    select o.*
    from unnest(object_ids, names, accepted_by) with ordinality as o (id, names, accepted_by, place)
  ),
  known as materialized (
    select a.place, a.names, a.accepted_by, v.*, coalesce(v.source_id, v.datapoint_id) as said_by
    from asked as a
    cross join lateral (
      select said.datapoint_id, said.source_id, said.value, said.confidence, said.observed_at
      from public.value as said
      where said.object_id = a.id
      offset 0
    ) as v
  ),
  -- What is to be said of values that came together is looked up and put together once for all objects.
  speaker as materialized (
    select k.datapoint_id, k.said_by, k.confidence, k.observed_at, d.name, ds.priority,
      coalesce(k.observed_at + ds.max_age <= moment, false) as is_stale,
      pg_catalog.jsonb_build_object(
        'source', coalesce(s.name, 'input'),
        'confidence', k.confidence,
        'observed_at', k.observed_at) as provenance
    from (
      select distinct known.datapoint_id, known.source_id, known.said_by, known.confidence, known.observed_at
      from known
    ) as k
    cross join lateral (select point.name from public.datapoint as point where point.id = k.datapoint_id offset 0) as d
    left join lateral (select asked.name from public.source as asked where asked.id = k.source_id offset 0) as s on true
    left join lateral (
      select offered.max_age, offered.priority
      from public.datapoint_source as offered
      where offered.source_id = k.source_id
        and offered.datapoint_id = k.datapoint_id
      offset 0
    ) as ds on true
  ),
  best as (
    select distinct on (k.place, s.name collate "C") k.place, s.name, k.value, s.provenance
    from known as k
    join speaker as s
      on s.datapoint_id = k.datapoint_id
      and s.said_by = k.said_by
      and s.confidence = k.confidence
      and s.observed_at = k.observed_at
    where (k.names ? s.name) is not false
      and not (accepted_by is not null and exists (
        select 1
        from guardrail as g
        where g.activity_request_id = k.accepted_by
          and g.datapoint_id = k.datapoint_id
          and utils.factor_met(k.value, g.operator, g.kind, g.items, g.spans) is false))
    order by k.place, s.name collate "C", k.datapoint_id desc,
      s.is_stale,
      k.source_id is not null,
      s.priority nulls last,
      k.confidence desc,
      k.observed_at desc
  )
  select a.id, coalesce(b."values", '{}'), coalesce(b.provenance, '{}'), a.place, coalesce(b.count, 0)
  from asked as a
  left join (
    select best.place, pg_catalog.jsonb_object_agg(best.name, best.value) as "values",
      pg_catalog.jsonb_object_agg(best.name, best.provenance) as provenance, pg_catalog.count(*) as count
    from best
    group by best.place
  ) as b on b.place = a.place;
end
$$;

comment on function etl_api.object_values(uuid[], jsonb[], uuid[]) is
  'The best known value of every datapoint of each object, and where it came from: {datapoint: value} and {datapoint: {source, confidence, observed_at}}, {} when there is none, and how many there are; one row per id given, place is its place among them. With names, a list for each object: only datapoints of these names. With accepted_by, an activity request for each: without the values that its guardrails refuse.';

revoke execute on function etl_api.object_values(uuid[], jsonb[], uuid[]) from public;
grant execute on function etl_api.object_values(uuid[], jsonb[], uuid[]) to service_role;
