create or replace view etl_api.usage with (security_invoker = true) as
  select d.org_id, d.day, d.activity_type, d.activity_id, d.source_id, d.requests, d.requests_failed, d.request_seconds,
    d.runs, d.runs_failed, d.http_requests, d.http_failed, d.objects, d."values", d.refused, d.cost
  from etl_api.usage_day as d
  union all
  select t.org_id, t.day, t.activity_type, t.activity_id, t.source_id, t.requests, t.requests_failed, t.request_seconds,
    t.runs, t.runs_failed, t.http_requests, t.http_failed, t.objects, t."values", t.refused, t.cost
  from etl_api.usage_of_steps() as t;

comment on view etl_api.usage is
  'What tenants used by day, activity and source, of those the reader may see: what has been rolled up and, in rows of its own, what has ended since. Add up before showing.';
comment on column etl_api.usage.org_id is 'The tenant.';
comment on column etl_api.usage.day is 'The day, in UTC.';
comment on column etl_api.usage.activity_type is 'enrichment, extract or sourcing; null when the request has been deleted.';
comment on column etl_api.usage.activity_id is 'The activity; null when the request has been deleted.';
comment on column etl_api.usage.source_id is 'The source of runs and HTTP requests; null in the rows of activity requests.';
comment on column etl_api.usage.requests is 'Activity requests that ended.';
comment on column etl_api.usage.requests_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage.request_seconds is 'Seconds they took from start to end, together.';
comment on column etl_api.usage.runs is 'Runs that ended.';
comment on column etl_api.usage.runs_failed is 'Of these, those that failed, timed out or were invalid.';
comment on column etl_api.usage.http_requests is 'HTTP requests that ended.';
comment on column etl_api.usage.http_failed is 'Of these, those that failed or timed out.';
comment on column etl_api.usage.objects is 'Objects in the results of the activity requests.';
comment on column etl_api.usage."values" is 'Values in the results of the activity requests.';
comment on column etl_api.usage.refused is 'Refusals by guardrails in the activity requests.';
comment on column etl_api.usage.cost is 'Cost of the HTTP requests, in the currency of the tenant.';

revoke all on etl_api.usage from public;
grant select on etl_api.usage to authenticated, service_role;
