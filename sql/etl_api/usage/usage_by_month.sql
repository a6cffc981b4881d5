create or replace view etl_api.usage_by_month with (security_invoker = true) as
  select m.org_id, m.month, m.activity_type, m.activity_id, m.source_id, m.requests, m.requests_failed, m.request_seconds,
    m.runs, m.runs_failed, m.http_requests, m.http_failed, m.objects, m."values", m.refused, m.cost
  from etl_api.usage_month as m
  union all
  select t.org_id, pg_catalog.date_trunc('month', t.day)::date, t.activity_type, t.activity_id, t.source_id, t.requests,
    t.requests_failed, t.request_seconds, t.runs, t.runs_failed, t.http_requests, t.http_failed, t.objects, t."values",
    t.refused, t.cost
  from etl_api.usage_of_steps() as t;

comment on view etl_api.usage_by_month is
  'What tenants used by month, activity and source, of those the reader may see: what has been rolled up and, in rows of its own, what has ended since. The charts add it up.';
comment on column etl_api.usage_by_month.org_id is 'The tenant.';
comment on column etl_api.usage_by_month.month is 'First day of the month, in UTC.';
comment on column etl_api.usage_by_month.activity_type is 'enrichment, extract or sourcing; null when the request has been deleted.';
comment on column etl_api.usage_by_month.activity_id is 'The activity; null when the request has been deleted.';
comment on column etl_api.usage_by_month.source_id is 'The source of runs and HTTP requests; null in the rows of activity requests.';
comment on column etl_api.usage_by_month.requests is 'Activity requests that ended.';
comment on column etl_api.usage_by_month.requests_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage_by_month.request_seconds is 'Seconds they took from start to end, together.';
comment on column etl_api.usage_by_month.runs is 'Runs that ended.';
comment on column etl_api.usage_by_month.runs_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage_by_month.http_requests is 'HTTP requests that ended.';
comment on column etl_api.usage_by_month.http_failed is 'Of these, those that failed or timed out.';
comment on column etl_api.usage_by_month.objects is 'Objects in the results of the activity requests.';
comment on column etl_api.usage_by_month."values" is 'Values in the results of the activity requests.';
comment on column etl_api.usage_by_month.refused is 'Refusals by guardrails in the activity requests.';
comment on column etl_api.usage_by_month.cost is 'Cost of the HTTP requests, in the currency of the tenant.';

revoke all on etl_api.usage_by_month from public;
grant select on etl_api.usage_by_month to authenticated, service_role;
