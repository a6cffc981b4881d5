create or replace view etl_api.data_quality with (security_invoker = true) as
  select
    m.org_id,
    m.object_type_id,
    t.name as object_type,
    m.datapoint_id,
    d.name as datapoint,
    m.source_id,
    case when m.all_sources then 'all' else coalesce(s.name, 'input') end as source,
    m.all_sources,
    m.objects,
    m.sampled,
    pg_catalog.round(m.with_value / m.objects::numeric, 4) as coverage,
    pg_catalog.round(m.fresh / nullif(m.with_value, 0)::numeric, 4) as freshness,
    m.median_age,
    pg_catalog.round(m.conflicting / nullif(m.compared, 0)::numeric, 4) as conflict,
    m.refused,
    m.measured_at,
    utils.now() - m.measured_at as age
  from etl_api.data_quality_month as m
  join public.datapoint as d on d.id = m.datapoint_id
  join public.object_type as t on t.id = m.object_type_id
  left join public.source as s on s.id = m.source_id
  where m.month = (
      select pg_catalog.max(latest.month)
      from etl_api.data_quality_month as latest
      where latest.org_id = m.org_id)
    and (m.source_id is null or s.id is not null);

comment on view etl_api.data_quality is
  'How good the values are that tenants have, per datapoint and source, of those the reader may see: as measured last (measured_at). The sweep measures a tenant at most once an hour while its data changes; etl_api.measure_data_quality(org_id) measures now.';
comment on column etl_api.data_quality.org_id is 'The tenant.';
comment on column etl_api.data_quality.object_type_id is 'The type of the objects.';
comment on column etl_api.data_quality.object_type is 'Its name.';
comment on column etl_api.data_quality.datapoint_id is 'The datapoint.';
comment on column etl_api.data_quality.datapoint is 'Its name.';
comment on column etl_api.data_quality.source_id is 'The source; null for the requests'' own input and for all sources.';
comment on column etl_api.data_quality.source is 'Its name; input: what the requests brought themselves; all: all sources together.';
comment on column etl_api.data_quality.all_sources is 'Whether the row is about all sources together.';
comment on column etl_api.data_quality.objects is 'Objects of the type that were looked at.';
comment on column etl_api.data_quality.sampled is 'Whether there were more: then these are a random sample, and the shares are estimates.';
comment on column etl_api.data_quality.coverage is 'Share of these objects that have a value of it, 0 to 1.';
comment on column etl_api.data_quality.freshness is 'Share of the values younger than max_age (or without one), 0 to 1; null without a value.';
comment on column etl_api.data_quality.median_age is 'Half of the values were younger than this when measured.';
comment on column etl_api.data_quality.conflict is 'Share of the objects with values of several sources whose sources disagree, 0 to 1; null when there is none.';
comment on column etl_api.data_quality.refused is 'Of how many of these objects a guardrail refused a value.';
comment on column etl_api.data_quality.measured_at is 'When it was measured.';
comment on column etl_api.data_quality.age is 'How long ago that was.';

revoke all on etl_api.data_quality from public;
grant select on etl_api.data_quality to authenticated, service_role;
