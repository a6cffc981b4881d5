create or replace function etl_api.waiting_pair(out source_id uuid, out org_id uuid, out has_requests boolean)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  queued record;
  requested record;
begin
  -- The first of each index, and whether anything follows that is not of the same pair: a few probes, however many wait.
  select q.source_id, q.org_id into queued
  from public.run_queue as q
  where q.state in ('waiting', 'ready')
  order by q.source_id, q.org_id
  limit 1;
  select r.source_id, r.org_id into requested
  from public.run_request as r
  where r.state in ('waiting', 'ready')
  order by r.source_id, r.org_id
  limit 1;

  has_requests := requested.source_id is not null;
  source_id := coalesce(queued.source_id, requested.source_id);
  org_id := coalesce(queued.org_id, requested.org_id);
  if (requested.source_id, requested.org_id) <> (source_id, org_id)
    or queued.source_id is not null and exists (
      select
      from public.run_queue as q
      where q.state in ('waiting', 'ready')
        and (q.source_id, q.org_id) > (queued.source_id, queued.org_id))
    or requested.source_id is not null and exists (
      select
      from public.run_request as r
      where r.state in ('waiting', 'ready')
        and (r.source_id, r.org_id) > (requested.source_id, requested.org_id))
  then
    org_id := null;
  end if;
end
$$;

comment on function etl_api.waiting_pair() is
  'The source and the tenant that all waiting runs and HTTP requests are of, due or not; org_id is null when they are of several, source_id too when nothing waits. has_requests: whether HTTP requests are among it.';

revoke execute on function etl_api.waiting_pair() from public;
grant execute on function etl_api.waiting_pair() to service_role;
