create or replace function etl_api.object_values(object_ids uuid[], names jsonb[] default null, accepted_by uuid[] default null)
returns table (object_id uuid, "values" jsonb, provenance jsonb, place bigint)
language plpgsql stable
set search_path = ''
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
  )
  select o.id, coalesce(known."values", '{}'), coalesce(known.provenance, '{}'), o.place
  from unnest(object_ids, names, accepted_by) with ordinality as o (id, names, accepted_by, place)
  cross join lateral (
    select pg_catalog.jsonb_object_agg(best.name, best.value) as "values",
      pg_catalog.jsonb_object_agg(best.name, best.provenance) as provenance
    from (
      select distinct on (v.datapoint_id)
        d.name,
        v.value,
        pg_catalog.jsonb_build_object(
          'source', coalesce(s.name, 'input'),
          'confidence', v.confidence,
          'observed_at', v.observed_at) as provenance
      from public.value as v
      cross join lateral (select point.name from public.datapoint as point where point.id = v.datapoint_id offset 0) as d
      left join lateral (select asked.name from public.source as asked where asked.id = v.source_id offset 0) as s on true
      left join lateral (
        select offered.max_age, offered.priority
        from public.datapoint_source as offered
        where offered.source_id = v.source_id
          and offered.datapoint_id = v.datapoint_id
        offset 0
      ) as ds on true
      where v.object_id = o.id
        and (o.names ? d.name) is not false
        and not (accepted_by is not null and exists (
          select 1
          from guardrail as g
          where g.activity_request_id = o.accepted_by
            and g.datapoint_id = v.datapoint_id
            and utils.factor_met(v.value, g.operator, g.kind, g.items, g.spans) is false))
      order by v.datapoint_id,
        coalesce(v.observed_at + ds.max_age <= moment, false),
        v.source_id is not null,
        ds.priority nulls last,
        v.confidence desc,
        v.observed_at desc
    ) as best
  ) as known;
end
$$;

comment on function etl_api.object_values(uuid[], jsonb[], uuid[]) is
  'The best known value of every datapoint of each object, and where it came from: {datapoint: value} and {datapoint: {source, confidence, observed_at}}, {} when there is none; one row per id given, place is its place among them. With names, a list for each object: only datapoints of these names. With accepted_by, an activity request for each: without the values that its guardrails refuse.';

revoke execute on function etl_api.object_values(uuid[], jsonb[], uuid[]) from public;
grant execute on function etl_api.object_values(uuid[], jsonb[], uuid[]) to service_role;
