-- The way back from 20261122000004_data.sql.

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
        public.source,
        public.webhook_endpoint
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

drop table etl_api.erasure;
drop table etl_api.retention_mark;
drop table etl_api.retention;
drop index public.org_deleted_idx;
alter table public.webhook_endpoint drop constraint webhook_endpoint_deleted_is_off;
alter table public.source drop constraint source_deleted_is_off;
alter table public.webhook_endpoint drop column deleted_at;
alter table public.source drop column deleted_at;

delete from etl_api.setting
where name in ('max_data_bytes', 'max_data_depth', 'max_objects', 'max_values', 'max_matches', 'max_template_bytes', 'max_answer_bytes');
