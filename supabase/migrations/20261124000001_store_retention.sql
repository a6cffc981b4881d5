-- migrate:up

-- Retention of what the stores leave behind: ended generations, files that are in, changes of schemas, test messages. The
-- index of delivery reads the whole table once: on a very large one, make it before, with "create index concurrently" and
-- this name.

-- Whoever is at work is let finish. What cannot be had soon is given back and asked for again, so that nobody who holds
-- one table and waits for another is ended for it.
do $locks$
declare
  before constant text := current_setting('lock_timeout');
begin
  for turn in 1..600 loop
    perform set_config('lock_timeout', least(800, (40 * 1.02 ^ turn)::int) || 'ms', true);
    begin
      lock table etl_api.retention in access exclusive mode;
      -- Readers are not in the way of an index.
      lock table
        public.delivery,
        public.ai_generation_jobs,
        public.client_schema_versions,
        etl_api.client_upload,
        etl_api.schema_change
        in share mode;
      perform set_config('lock_timeout', before, true);
      return;
    exception when lock_not_available then
      perform pg_sleep(random() * 0.05);
    end;
  end loop;
  raise exception using
    errcode = 'lock_not_available',
    message = 'The tables are in use all the time, by transactions that do not end: nothing was changed.',
    hint = 'pg_stat_activity tells who holds them. Try again when those have ended.';
end
$locks$;

alter table etl_api.retention
  drop constraint retention_what_check,
  add constraint retention_what_check check (what in (
    'workflow_request', 'run_response', 'delivery_body', 'object', 'alert', 'etl_log', 'test_event', 'generation_job',
    'client_upload', 'schema_change'));
comment on column etl_api.retention.what is
  'workflow_request (with all its rows, from its end), run_response (answers of sources, from the end of their request), delivery_body (what messages said, likewise), object (with its values, from when it was seen last and no request knows it), alert (from when it was resolved), etl_log, test_event (messages endpoint.test, from their end), generation_job (with its progress and what it generated, from when it went on last; the records stay), client_upload (files that are in, from then), schema_change (what landing changed, and older versions of clients'' schemas).';

create index if not exists delivery_test_idx on public.delivery (org_id, finished_at)
  where workflow_request_id is null and alert_id is null;
create index ai_generation_jobs_rest_idx on public.ai_generation_jobs (organization_id, updated_at)
  where status in ('completed', 'failed') or stage in ('preview', 'inserting') or completed_at is not null;
create index client_upload_finished_idx on etl_api.client_upload (organization_id, finished_at) where finished_at is not null;
create index schema_change_at_idx on etl_api.schema_change (org_id, at);
create index client_schema_versions_replaced_at_idx on public.client_schema_versions (organization_id, replaced_at);

-- migrate:down
