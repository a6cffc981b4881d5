create or replace view etl_api.org_usage_monthly with (security_invoker = true) as
  with used as materialized (
    select u.org_id, u.month,
      pg_catalog.sum(u.requests)::bigint as requests,
      pg_catalog.sum(u.requests_failed)::bigint as requests_failed,
      pg_catalog.sum(u.runs)::bigint as runs,
      pg_catalog.sum(u.runs_failed)::bigint as runs_failed,
      pg_catalog.sum(u.http_requests)::bigint as http_requests,
      pg_catalog.sum(u.http_failed)::bigint as http_failed,
      pg_catalog.sum(u.objects)::bigint as objects,
      pg_catalog.sum(u."values")::bigint as "values",
      pg_catalog.sum(u.refused)::bigint as refused,
      pg_catalog.sum(u.cost) as cost
    from etl_api.usage_by_month as u
    group by u.org_id, u.month
  ), span as (
    select o.id as org_id, m.month::date as month
    from public.org as o
    left join lateral (
      select pg_catalog.min(u.month) as month
      from used as u
      where u.org_id = o.id
    ) as first on true
    cross join lateral (select pg_catalog.date_trunc('month', utils.now() at time zone 'UTC') as month) as this
    cross join lateral pg_catalog.generate_series(
      least(first.month::timestamp, this.month), this.month, interval '1 month') as m (month)
  )
  select
    s.org_id,
    s.month,
    coalesce(t.requests, 0) as requests,
    coalesce(t.requests_failed, 0) as requests_failed,
    coalesce(t.runs, 0) as runs,
    coalesce(t.runs_failed, 0) as runs_failed,
    coalesce(t.http_requests, 0) as http_requests,
    coalesce(t.http_failed, 0) as http_failed,
    coalesce(t.objects, 0) as objects,
    coalesce(t."values", 0) as "values",
    coalesce(t.refused, 0) as refused,
    coalesce(t.cost, 0) as cost,
    o.free_objects - least(coalesce(o.free_objects, 0), coalesce(note.objects, 0)) as free_objects,
    o.last_charge,
    o.next_charge
  from span as s
  join public.org as o on o.id = s.org_id
  left join lateral (
    select pg_catalog.sum(d.free_objects)::bigint as objects
    from etl_api.org_count_delta as d
    where d.org_id = s.org_id
  ) as note on true
  left join used as t on t.org_id = s.org_id and t.month = s.month;

comment on view etl_api.org_usage_monthly is
  'What each tenant used in each month, of those the reader may see: every month from the first with any use to this one. Work counts in the month in which it ended.';
comment on column etl_api.org_usage_monthly.org_id is 'The tenant.';
comment on column etl_api.org_usage_monthly.month is 'First day of the month, in UTC.';
comment on column etl_api.org_usage_monthly.requests is 'Activity requests that ended in it.';
comment on column etl_api.org_usage_monthly.requests_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.org_usage_monthly.runs is 'Runs that ended.';
comment on column etl_api.org_usage_monthly.runs_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.org_usage_monthly.http_requests is 'HTTP requests that ended.';
comment on column etl_api.org_usage_monthly.http_failed is 'Of these, those that failed or timed out.';
comment on column etl_api.org_usage_monthly.objects is 'Objects in the results of the activity requests.';
comment on column etl_api.org_usage_monthly."values" is 'Values in the results of the activity requests.';
comment on column etl_api.org_usage_monthly.refused is 'Refusals by guardrails in the activity requests.';
comment on column etl_api.org_usage_monthly.cost is 'Cost of the HTTP requests, in the currency of the tenant.';
comment on column etl_api.org_usage_monthly.free_objects is 'Free objects left now; null: not limited. The same in every month.';
comment on column etl_api.org_usage_monthly.last_charge is 'When the tenant was charged last. The same in every month.';
comment on column etl_api.org_usage_monthly.next_charge is 'When the tenant is charged next; null: no charge is arranged. The same in every month.';

revoke all on etl_api.org_usage_monthly from public;
grant select on etl_api.org_usage_monthly to authenticated, service_role;
