create or replace function etl_api.roll_up_traffic(to_xid bigint) returns int
language plpgsql
set search_path = ''
-- The answers are looked up one by one by their key: a few of very many.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  written int;
begin
  with answered as materialized (
    -- Each address once, before its host is looked for.
    select pg_catalog.date_bin('5 minutes', t.at, '2000-01-01 00:00:00+00') as slot, t.org_id, t.source_id, t.endpoint_id,
      t.url, t.duration, t.failed, pg_catalog.count(*) as answers, pg_catalog.max(t.at) as at,
      (pg_catalog.array_agg(t.code order by t.at desc) filter (where t.failed))[1] as code,
      (pg_catalog.array_agg(t.message order by t.at desc) filter (where t.failed))[1] as message
    from etl_api.traffic_tail as t
    where t.xid < roll_up_traffic.to_xid
    group by 1, 2, 3, 4, 5, 6, 7
  ), counted as (
    insert into etl_api.traffic as k (slot, org_id, source_id, endpoint_id, host, bucket, answers, failures)
    select a.slot, a.org_id, a.source_id, a.endpoint_id, utils.url_host(a.url), utils.duration_bucket(a.duration),
      pg_catalog.sum(a.answers), coalesce(pg_catalog.sum(a.answers) filter (where a.failed), 0)
    from answered as a
    group by 1, 2, 3, 4, 5, 6
    on conflict (slot, org_id, source_id, endpoint_id, host, bucket) do update
      set answers = k.answers + excluded.answers,
          failures = k.failures + excluded.failures
    returning 1
  ), seen as (
    insert into etl_api.traffic_last as l (org_id, source_id, endpoint_id, host, success_at, failure_at, code, message)
    select a.org_id, a.source_id, a.endpoint_id, utils.url_host(a.url),
      pg_catalog.max(a.at) filter (where not a.failed),
      pg_catalog.max(a.at) filter (where a.failed),
      (pg_catalog.array_agg(a.code order by a.at desc) filter (where a.failed))[1],
      (pg_catalog.array_agg(a.message order by a.at desc) filter (where a.failed))[1]
    from answered as a
    group by 1, 2, 3, 4
    on conflict (org_id, source_id, endpoint_id, host) do update
      set success_at = greatest(l.success_at, excluded.success_at),
          failure_at = greatest(l.failure_at, excluded.failure_at),
          code = case when excluded.failure_at >= coalesce(l.failure_at, '-infinity') then excluded.code else l.code end,
          message = case when excluded.failure_at >= coalesce(l.failure_at, '-infinity') then excluded.message else l.message end
  )
  select pg_catalog.count(*) into written
  from counted;

  delete from etl_api.traffic as k
  where k.slot < utils.now() - interval '8 days';
  return written;
end
$$;

comment on function etl_api.roll_up_traffic(bigint) is
  'Adds what sources and clients answered in the steps of the tail before to_xid to traffic and traffic_last, and forgets what is older than eight days. Returns how many rows of traffic changed. Part of the roll-up, which holds the mark and moves it on.';

revoke execute on function etl_api.roll_up_traffic(bigint) from public;
grant execute on function etl_api.roll_up_traffic(bigint) to service_role;
