create or replace function etl_api.object_values(object_ids uuid[], accepted_by uuid default null)
returns table (object_id uuid, "values" jsonb, provenance jsonb, place bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- What its guardrails refuse is not there for an activity. What the request itself said comes first, then fresh before stale, then the sources in their order.
  return query
  with guardrail as materialized (
    select f.*
    from etl_api.factors_of(array[accepted_by], true) as f
    where accepted_by is not null
  )
  select o.id, coalesce(known."values", '{}'), coalesce(known.provenance, '{}'), o.place
  from unnest(object_ids) with ordinality as o (id, place)
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
      join public.datapoint as d on d.id = v.datapoint_id
      left join public.source as s on s.id = v.source_id
      left join public.datapoint_source as ds
        on ds.source_id = v.source_id
        and ds.datapoint_id = v.datapoint_id
      where v.object_id = o.id
        and not (accepted_by is not null and exists (
          select 1
          from guardrail as g
          where g.datapoint_id = v.datapoint_id
            and utils.factor_met(v.value, g.operator, g.kind, g.items, g.spans) is false))
      order by v.datapoint_id,
        coalesce(v.observed_at + ds.max_age <= utils.now(), false),
        v.source_id is not null,
        ds.priority nulls last,
        v.confidence desc,
        v.observed_at desc
    ) as best
  ) as known;
end
$$;

comment on function etl_api.object_values(uuid[], uuid) is
  'The best known value of every datapoint of each object, and where it came from: {datapoint: value} and {datapoint: {source, confidence, observed_at}}, {} when there is none; one row per id given, place is its place among them. With accepted_by, an activity request: without the values that its guardrails refuse.';

revoke execute on function etl_api.object_values(uuid[], uuid) from public;
grant execute on function etl_api.object_values(uuid[], uuid) to service_role;
