create or replace function etl_api.lock_ended_requests(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns uuid[]
language plpgsql
set search_path = ''
-- A plan may have been made while the tables were empty: by the index of what has ended, which is in order.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
begin
  return array(
    select w.id
    from public.org as o
    cross join lateral (
      select w.id
      from public.workflow_request as w
      where w.org_id = o.id
        and w.finished_at < before
        and w.replay = 0
        and w.state in ('invalid', 'timedout', 'failed', 'done', 'delivered')
        and not exists (
          select 1
          from public.delivery as d
          where d.workflow_request_id = w.id
            and (d.finished_at is null or d.finished_at >= before))
      order by w.finished_at
      limit max_rows
      -- Who retries, cancels or sends again holds the row; it is not waited for.
      for update of w skip locked
    ) as w
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows);
end
$$;

comment on function etl_api.lock_ended_requests(timestamptz, int, uuid[]) is
  'Takes the row, which is the lock of all that belongs to it, of workflow requests that ended before this time, whose messages have, too, and that nobody else holds: at most max_rows, of some tenants or of all.';

revoke execute on function etl_api.lock_ended_requests(timestamptz, int, uuid[]) from public;
