create or replace view etl_api.chart_data_quality with (security_invoker = true) as
  with span as (
    select k.org_id, k.object_type_id, k.datapoint_id, m.month::date as month
    from (
      select q.org_id, q.object_type_id, q.datapoint_id, pg_catalog.min(q.month) as first_month
      from etl_api.data_quality_month as q
      where q.all_sources
      group by q.org_id, q.object_type_id, q.datapoint_id
    ) as k
    cross join lateral pg_catalog.generate_series(
      k.first_month::timestamp, utils.now() at time zone 'UTC', interval '1 month') as m (month)
  )
  select
    s.org_id,
    s.month,
    s.object_type_id,
    t.name as object_type,
    s.datapoint_id,
    d.name as datapoint,
    pg_catalog.round(m.with_value / m.objects::numeric, 4) as coverage,
    pg_catalog.round(m.fresh / nullif(m.with_value, 0)::numeric, 4) as freshness,
    m.median_age,
    pg_catalog.round(m.conflicting / nullif(m.compared, 0)::numeric, 4) as conflict,
    m.refused,
    m.measured_at
  from span as s
  cross join lateral (
    select q.*
    from etl_api.data_quality_month as q
    where q.org_id = s.org_id
      and q.datapoint_id = s.datapoint_id
      and q.all_sources
      and q.month <= s.month
    order by q.month desc
    limit 1
  ) as m
  join public.datapoint as d on d.id = s.datapoint_id
  join public.object_type as t on t.id = s.object_type_id;

comment on view etl_api.chart_data_quality is
  'Chart: how good the values of each datapoint were per month, all sources together, as measured last in the month. A month in which nothing was measured has the figures of the one before: nothing had changed.';
comment on column etl_api.chart_data_quality.org_id is 'The tenant.';
comment on column etl_api.chart_data_quality.month is 'First day of the month, in UTC.';
comment on column etl_api.chart_data_quality.object_type_id is 'The type of the objects.';
comment on column etl_api.chart_data_quality.object_type is 'Its name.';
comment on column etl_api.chart_data_quality.datapoint_id is 'The datapoint.';
comment on column etl_api.chart_data_quality.datapoint is 'Its name.';
comment on column etl_api.chart_data_quality.coverage is 'Share of these objects that have a value of it, 0 to 1.';
comment on column etl_api.chart_data_quality.freshness is 'Share of the values younger than max_age (or without one), 0 to 1; null without a value.';
comment on column etl_api.chart_data_quality.median_age is 'Half of the values were younger than this when measured.';
comment on column etl_api.chart_data_quality.conflict is 'Share of the objects with values of several sources whose sources disagree, 0 to 1; null when there is none.';
comment on column etl_api.chart_data_quality.refused is 'Of how many objects a guardrail refused a value.';
comment on column etl_api.chart_data_quality.measured_at is 'When it was measured.';

revoke all on etl_api.chart_data_quality from public;
grant select on etl_api.chart_data_quality to authenticated, service_role;
