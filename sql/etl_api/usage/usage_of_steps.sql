create or replace function etl_api.usage_of_steps(from_xid bigint default 0, to_xid bigint default 9223372036854775807)
returns table (
  org_id uuid, day date, activity_type text, activity_id uuid, source_id uuid,
  requests bigint, requests_failed bigint, request_seconds numeric, runs bigint, runs_failed bigint,
  http_requests bigint, http_failed bigint, objects bigint, "values" bigint, refused bigint, cost numeric)
language plpgsql stable
set search_path = ''
-- The rows are looked up one by one by their key: a few of very many.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
  with ended as materialized (
    select h.entity, h.entity_id, h.org_id, h.at, (h.at at time zone 'UTC')::date as day, h.to_state,
      (h.to_state <> 'done')::int as failed
    from etl_api.state_history_tail as h
    where h.xid >= from_xid
      and h.xid < to_xid
      and h.entity in ('activity_request', 'run_queue', 'run_request')
      and h.to_state in ('done', 'failed', 'timedout', 'invalid')
  ), used as (
    -- Of an activity request that was taken up again since, only this end is known, not what it had brought.
    select e.org_id, e.day, a.activity_type, a.activity_id, null::uuid as source_id,
      1 as requests, e.failed as requests_failed,
      case when a.finished_at = e.at then extract(epoch from a.finished_at - a.started_at) end as request_seconds,
      0 as runs, 0 as runs_failed, 0 as http_requests, 0 as http_failed,
      case when a.finished_at = e.at then (r.summary ->> 'objects')::bigint end as objects,
      case when a.finished_at = e.at then (r.summary ->> 'values')::bigint end as "values",
      case when a.finished_at = e.at then (r.summary ->> 'refused')::bigint end as refused,
      0::numeric as cost
    from ended as e
    left join public.activity_request as a on a.id = e.entity_id and a.org_id = e.org_id
    left join public.activity_result as r on r.activity_request_id = a.id and r.org_id = a.org_id
    where e.entity = 'activity_request'
    union all
    select e.org_id, e.day, a.activity_type, a.activity_id, q.source_id,
      0, 0, 0, 1, e.failed, 0, 0, 0, 0, 0, 0
    from ended as e
    left join public.run_queue as q on q.id = e.entity_id and q.org_id = e.org_id
    left join public.activity_request as a on a.id = q.activity_request_id and a.org_id = q.org_id
    where e.entity = 'run_queue'
    union all
    -- What could not be filled in, or was cancelled before it went out, was never sent and costs nothing.
    select e.org_id, e.day, a.activity_type, a.activity_id, h.source_id,
      0, 0, 0, 0, 0, 1, e.failed, 0, 0, 0, h.cost
    from ended as e
    left join public.run_request as h on h.id = e.entity_id and h.org_id = e.org_id
    left join public.activity_request as a on a.id = h.activity_request_id and a.org_id = h.org_id
    where e.entity = 'run_request'
      and e.to_state <> 'invalid'
      and h.attempts is distinct from 0
  )
  select u.org_id, u.day, u.activity_type, u.activity_id, u.source_id,
    pg_catalog.sum(u.requests), pg_catalog.sum(u.requests_failed), coalesce(pg_catalog.sum(u.request_seconds), 0),
    pg_catalog.sum(u.runs), pg_catalog.sum(u.runs_failed),
    pg_catalog.sum(u.http_requests), pg_catalog.sum(u.http_failed),
    coalesce(pg_catalog.sum(u.objects), 0)::bigint, coalesce(pg_catalog.sum(u."values"), 0)::bigint,
    coalesce(pg_catalog.sum(u.refused), 0)::bigint, coalesce(pg_catalog.sum(u.cost), 0)
  from used as u
  group by u.org_id, u.day, u.activity_type, u.activity_id, u.source_id;
end
$$;

comment on function etl_api.usage_of_steps(bigint, bigint) is
  'What the activity requests, runs and HTTP requests used that ended in the transactions from from_xid to before to_xid and have not been rolled up, as rows of usage_day, of those the reader may see. One that was taken up again and ended again counts once for each end.';

revoke execute on function etl_api.usage_of_steps(bigint, bigint) from public;
grant execute on function etl_api.usage_of_steps(bigint, bigint) to authenticated, service_role;
