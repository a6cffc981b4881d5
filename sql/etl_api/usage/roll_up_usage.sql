create or replace function etl_api.roll_up_usage(from_xid bigint, to_xid bigint) returns int
language plpgsql
set search_path = ''
as $$
declare
  written int;
begin
  with used as materialized (
    select *
    from etl_api.usage_of_steps(from_xid, to_xid)
  ), by_day as (
    insert into etl_api.usage_day as d
      (org_id, day, activity_type, activity_id, source_id, requests, requests_failed, request_seconds, runs, runs_failed,
       http_requests, http_failed, objects, "values", refused, cost)
    select *
    from used
    on conflict (org_id, day, activity_type, activity_id, source_id) do update
      set requests = d.requests + excluded.requests,
          requests_failed = d.requests_failed + excluded.requests_failed,
          request_seconds = d.request_seconds + excluded.request_seconds,
          runs = d.runs + excluded.runs,
          runs_failed = d.runs_failed + excluded.runs_failed,
          http_requests = d.http_requests + excluded.http_requests,
          http_failed = d.http_failed + excluded.http_failed,
          objects = d.objects + excluded.objects,
          "values" = d."values" + excluded."values",
          refused = d.refused + excluded.refused,
          cost = d.cost + excluded.cost
    returning 1
  ), by_month as (
    insert into etl_api.usage_month as m
      (org_id, month, activity_type, activity_id, source_id, requests, requests_failed, request_seconds, runs, runs_failed,
       http_requests, http_failed, objects, "values", refused, cost)
    select u.org_id, pg_catalog.date_trunc('month', u.day)::date, u.activity_type, u.activity_id, u.source_id,
      pg_catalog.sum(u.requests), pg_catalog.sum(u.requests_failed), pg_catalog.sum(u.request_seconds),
      pg_catalog.sum(u.runs), pg_catalog.sum(u.runs_failed), pg_catalog.sum(u.http_requests), pg_catalog.sum(u.http_failed),
      pg_catalog.sum(u.objects), pg_catalog.sum(u."values"), pg_catalog.sum(u.refused), pg_catalog.sum(u.cost)
    from used as u
    group by 1, 2, 3, 4, 5
    on conflict (org_id, month, activity_type, activity_id, source_id) do update
      set requests = m.requests + excluded.requests,
          requests_failed = m.requests_failed + excluded.requests_failed,
          request_seconds = m.request_seconds + excluded.request_seconds,
          runs = m.runs + excluded.runs,
          runs_failed = m.runs_failed + excluded.runs_failed,
          http_requests = m.http_requests + excluded.http_requests,
          http_failed = m.http_failed + excluded.http_failed,
          objects = m.objects + excluded.objects,
          "values" = m."values" + excluded."values",
          refused = m.refused + excluded.refused,
          cost = m.cost + excluded.cost
  )
  select pg_catalog.count(*) into written
  from by_day;
  return written;
end
$$;

comment on function etl_api.roll_up_usage(bigint, bigint) is
  'Adds to usage_day and usage_month what ended in the transactions from from_xid to before to_xid. Returns how many rows of usage_day changed. Part of the roll-up, which holds the mark and moves it on.';

revoke execute on function etl_api.roll_up_usage(bigint, bigint) from public;
grant execute on function etl_api.roll_up_usage(bigint, bigint) to service_role;
