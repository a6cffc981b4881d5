create or replace function etl_api.alert_runs(
  org_id uuid, source_id uuid, since timestamptz, most int default 10000, out ended bigint, out failed bigint)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
begin
  select pg_catalog.count(*), pg_catalog.count(*) filter (where q.state in ('failed', 'timedout', 'invalid'))
  into ended, failed
  from public.source as s
  cross join lateral (
    select q.state
    from public.run_queue as q
    where q.org_id = alert_runs.org_id
      and q.source_id = s.id
      and q.finished_at > alert_runs.since
      and q.state_substate is distinct from 'cancelled'
    order by q.finished_at desc
    limit most
  ) as q
  where (s.org_id is null or s.org_id = alert_runs.org_id)
    and (alert_runs.source_id is null or s.id = alert_runs.source_id);
end
$$;

comment on function etl_api.alert_runs(uuid, uuid, timestamptz, int) is
  'How many runs of a tenant at a source (null: at all) ended since then, cancelled ones not counted, and how many of these failed, timed out or were invalid; of each source the latest, no more than most.';

revoke execute on function etl_api.alert_runs(uuid, uuid, timestamptz, int) from public;
grant execute on function etl_api.alert_runs(uuid, uuid, timestamptz, int) to service_role;
