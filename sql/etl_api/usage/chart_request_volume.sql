create or replace view etl_api.chart_request_volume with (security_invoker = true) as
  with used as materialized (
    select u.org_id, u.month, u.activity_type,
      pg_catalog.sum(u.requests)::bigint as requests,
      pg_catalog.sum(u.requests_failed)::bigint as requests_failed,
      pg_catalog.sum(u.objects)::bigint as objects,
      pg_catalog.sum(u."values")::bigint as "values"
    from etl_api.usage_by_month as u
    group by u.org_id, u.month, u.activity_type
  ), span as (
    -- From the first month with any use until now, whatever month it is.
    select u.org_id, m.month::date as month
    from (
      select u.org_id, pg_catalog.min(u.month) as first_month
      from used as u
      group by u.org_id
    ) as u
    cross join lateral pg_catalog.generate_series(
      u.first_month::timestamp, utils.now() at time zone 'UTC', interval '1 month') as m (month)
  )
  select
    k.org_id,
    s.month,
    k.activity_type,
    coalesce(u.requests, 0) as requests,
    coalesce(u.requests_failed, 0) as requests_failed,
    coalesce(u.objects, 0) as objects,
    coalesce(u."values", 0) as "values"
  from (select distinct u.org_id, u.activity_type from used as u where u.activity_type is not null) as k
  join span as s on s.org_id = k.org_id
  left join used as u on u.org_id = k.org_id and u.month = s.month and u.activity_type = k.activity_type;

comment on view etl_api.chart_request_volume is
  'Chart: activity requests per month and type of activity, every month from the first with any use to this one.';
comment on column etl_api.chart_request_volume.org_id is 'The tenant.';
comment on column etl_api.chart_request_volume.month is 'First day of the month, in UTC.';
comment on column etl_api.chart_request_volume.activity_type is 'enrichment, extract or sourcing.';
comment on column etl_api.chart_request_volume.requests is 'Activity requests that ended in it.';
comment on column etl_api.chart_request_volume.requests_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.chart_request_volume.objects is 'Objects in their results.';
comment on column etl_api.chart_request_volume."values" is 'Values in their results.';

revoke all on etl_api.chart_request_volume from public;
grant select on etl_api.chart_request_volume to authenticated, service_role;
