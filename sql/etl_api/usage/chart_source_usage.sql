create or replace view etl_api.chart_source_usage with (security_invoker = true) as
  with used as materialized (
    select u.org_id, u.month, u.source_id,
      pg_catalog.sum(u.runs)::bigint as runs,
      pg_catalog.sum(u.runs_failed)::bigint as runs_failed,
      pg_catalog.sum(u.http_requests)::bigint as http_requests,
      pg_catalog.sum(u.http_failed)::bigint as http_failed,
      pg_catalog.sum(u.cost) as cost
    from etl_api.usage_by_month as u
    group by u.org_id, u.month, u.source_id
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
    k.source_id,
    n.name as source,
    coalesce(u.runs, 0) as runs,
    coalesce(u.runs_failed, 0) as runs_failed,
    coalesce(u.http_requests, 0) as http_requests,
    coalesce(u.http_failed, 0) as http_failed,
    pg_catalog.round(coalesce(u.http_requests, 0) / nullif(pg_catalog.sum(u.http_requests) over (partition by k.org_id, s.month), 0), 4) as share,
    coalesce(u.cost, 0) as cost
  from (select distinct u.org_id, u.source_id from used as u where u.source_id is not null) as k
  join span as s on s.org_id = k.org_id
  left join used as u on u.org_id = k.org_id and u.month = s.month and u.source_id = k.source_id
  left join public.source as n on n.id = k.source_id;

comment on view etl_api.chart_source_usage is
  'Chart: what each source was asked per month, every month from the first with any use to this one.';
comment on column etl_api.chart_source_usage.org_id is 'The tenant.';
comment on column etl_api.chart_source_usage.month is 'First day of the month, in UTC.';
comment on column etl_api.chart_source_usage.source_id is 'The source.';
comment on column etl_api.chart_source_usage.source is 'Its name; null when it was deleted.';
comment on column etl_api.chart_source_usage.runs is 'Runs of it that ended in the month.';
comment on column etl_api.chart_source_usage.runs_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.chart_source_usage.http_requests is 'HTTP requests to it that ended.';
comment on column etl_api.chart_source_usage.http_failed is 'Of these, those that failed or timed out.';
comment on column etl_api.chart_source_usage.share is 'Its share of all HTTP requests of the tenant in the month, 0 to 1; null when there was none.';
comment on column etl_api.chart_source_usage.cost is 'Cost of the HTTP requests, in the currency of the tenant.';

revoke all on etl_api.chart_source_usage from public;
grant select on etl_api.chart_source_usage to authenticated, service_role;
