-- The way back from 20261124000001_store_retention.sql. Rules for what has none any more go.

-- Whoever is at work is let finish. What cannot be had soon is given back and asked for again, so that nobody who holds
-- one table and waits for another is ended for it.
do $locks$
declare
  before constant text := current_setting('lock_timeout');
begin
  for turn in 1..600 loop
    perform set_config('lock_timeout', least(800, (40 * 1.02 ^ turn)::int) || 'ms', true);
    begin
      lock table
        etl_api.retention,
        public.delivery,
        public.ai_generation_jobs,
        public.client_schema_versions,
        etl_api.client_upload,
        etl_api.schema_change
        in access exclusive mode;
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

drop index public.client_schema_versions_replaced_at_idx;
drop index etl_api.schema_change_at_idx;
drop index etl_api.client_upload_finished_idx;
drop index public.ai_generation_jobs_rest_idx;
drop index public.delivery_test_idx;

delete from etl_api.retention as r where r.what in ('test_event', 'generation_job', 'client_upload', 'schema_change');
alter table etl_api.retention
  drop constraint retention_what_check,
  add constraint retention_what_check
    check (what in ('workflow_request', 'run_response', 'delivery_body', 'object', 'alert', 'etl_log'));
comment on column etl_api.retention.what is
  'workflow_request (with all its rows, from its end), run_response (answers of sources, from the end of their request), delivery_body (what messages said, likewise), object (with its values, from when it was seen last and no request knows it), alert (from when it was resolved), etl_log.';
