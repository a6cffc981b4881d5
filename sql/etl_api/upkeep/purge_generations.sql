create or replace function etl_api.purge_generations(before timestamptz, max_rows int, of_orgs uuid[] default null)
returns table (what text, count bigint, more boolean)
language plpgsql
set search_path = ''
-- A few of very many, by key, in order; see purge_batch.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  -- A job with more goes in parts.
  most constant int := 3 * max_rows;
  jobs constant uuid[] := etl_api.lock_resting_jobs(before, max_rows, of_orgs);
  -- The first jobs first, so that of all but one everything goes or nothing.
  records constant tid[] := array(
    select g.ctid
    from pg_catalog.unnest(jobs) as j (id)
    cross join lateral (
      select g.ctid from public.ai_generated_records as g where g.job_id = j.id limit most for update skip locked
    ) as g
    limit most);
  events constant tid[] := array(
    select e.ctid
    from pg_catalog.unnest(jobs) as j (id)
    cross join lateral (
      select e.ctid from public.ai_generation_events as e where e.job_id = j.id limit most for update skip locked
    ) as e
    limit most);
  gone bigint;
begin
  if jobs = '{}' then
    return;
  end if;
  delete from public.ai_generated_records as g where g.ctid = any (records);
  delete from public.ai_generation_events as e where e.ctid = any (events);
  delete from public.ai_generation_jobs as j
  where j.id = any (jobs)
    and not exists (select 1 from public.ai_generated_records as g where g.job_id = j.id)
    and not exists (select 1 from public.ai_generation_events as e where e.job_id = j.id);
  get diagnostics gone = row_count;
  return query
  select g.what, g.count, gone < pg_catalog.cardinality(jobs) or pg_catalog.cardinality(jobs) = max_rows
  from (
    values ('generation_job', gone), ('ai_generated_records', pg_catalog.cardinality(records)),
      ('ai_generation_events', pg_catalog.cardinality(events))
  ) as g (what, count)
  where g.count > 0;
end
$$;

comment on function etl_api.purge_generations(timestamptz, int, uuid[]) is
  'Removes jobs of generation that rest since before this time (lock_resting_jobs) with their progress and what they generated, staged or in; the records of tables stay. At most max_rows jobs and three times as many rows of theirs, of some tenants or of all.';

revoke execute on function etl_api.purge_generations(timestamptz, int, uuid[]) from public;
