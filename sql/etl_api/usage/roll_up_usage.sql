create or replace function etl_api.roll_up_usage(from_xid bigint, to_xid bigint) returns int
language plpgsql
set search_path = ''
as $$
declare
  written int;
begin
  insert into etl_api.usage_day as d
    (org_id, day, activity_type, activity_id, source_id, requests, requests_failed, request_seconds, runs, runs_failed,
     http_requests, http_failed, objects, "values", refused, cost)
  select *
  from etl_api.usage_of_steps(from_xid, to_xid)
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
        cost = d.cost + excluded.cost;
  get diagnostics written = row_count;
  return written;
end
$$;

comment on function etl_api.roll_up_usage(bigint, bigint) is
  'Adds to usage_day what ended in the transactions from from_xid to before to_xid. Returns how many rows of it changed. Part of the roll-up, which holds the mark and moves it on.';

revoke execute on function etl_api.roll_up_usage(bigint, bigint) from public;
grant execute on function etl_api.roll_up_usage(bigint, bigint) to service_role;
