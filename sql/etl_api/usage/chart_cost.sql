create or replace view etl_api.chart_cost with (security_invoker = true) as
  with used as materialized (
    select u.org_id, u.month, u.source_id,
      pg_catalog.sum(u.http_requests)::bigint as http_requests,
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
    coalesce(u.http_requests, 0) as http_requests,
    coalesce(u.cost, 0) as cost
  from (select distinct u.org_id, u.source_id from used as u where u.source_id is not null) as k
  join span as s on s.org_id = k.org_id
  left join used as u on u.org_id = k.org_id and u.month = s.month and u.source_id = k.source_id
  left join public.source as n on n.id = k.source_id;

comment on view etl_api.chart_cost is
  'Chart: what each source cost per month, every month from the first with any use to this one.';
comment on column etl_api.chart_cost.org_id is 'The tenant.';
comment on column etl_api.chart_cost.month is 'First day of the month, in UTC.';
comment on column etl_api.chart_cost.source_id is 'The source.';
comment on column etl_api.chart_cost.source is 'Its name; null when it was deleted.';
comment on column etl_api.chart_cost.http_requests is 'HTTP requests to it that ended in the month.';
comment on column etl_api.chart_cost.cost is 'What they cost, in the currency of the tenant.';

revoke all on etl_api.chart_cost from public;
grant select on etl_api.chart_cost to authenticated, service_role;
