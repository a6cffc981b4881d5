create or replace function etl_api.lock_resting_jobs(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns uuid[]
language plpgsql
set search_path = ''
-- By the index of what rests, which is in order, whatever the tables were like when the plan was made.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return array(
    select j.id
    from public.org as o
    cross join lateral (
      select j.id
      from public.ai_generation_jobs as j
      where j.organization_id = o.id
        and j.updated_at < before
        and (j.status in ('completed', 'failed') or j.stage in ('preview', 'inserting') or j.completed_at is not null)
        -- Who inserts in parts is at work; who has confirmed a part of what is staged left the rest.
        and (j.stage <> 'inserting' or (
          select true from public.ai_generated_records as g where g.job_id = j.id and g.status = 'staged' limit 1))
        -- It may bring more.
        and not exists (select 1 from public.workflow_request as w where w.id = j.workflow_request_id and w.is_open)
      order by j.updated_at
      limit max_rows
      -- Who edits, confirms or generates holds the row; it is not waited for.
      for update of j skip locked
    ) as j
    where of_orgs is null
      or o.id = any (of_orgs)
    limit max_rows);
end
$$;

comment on function etl_api.lock_resting_jobs(timestamptz, int, uuid[]) is
  'Takes the rows of jobs of generation on which nobody has worked since this time, and nobody else holds: ended, thrown away, or with records that wait to be confirmed. Jobs that a generator is at, or whose request is open, are none of them. At most max_rows, of some tenants or of all.';

revoke execute on function etl_api.lock_resting_jobs(timestamptz, int, uuid[]) from public;
