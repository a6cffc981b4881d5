-- migrate:up

-- Keys without a second look for their org, and generations that end when their generator is silent.

-- Whoever is at work is let finish. What cannot be had soon is given back and asked for again, so that nobody who holds
-- one table and waits for another is ended for it.
do $locks$
declare
  before constant text := current_setting('lock_timeout');
begin
  for turn in 1..600 loop
    perform set_config('lock_timeout', least(800, (40 * 1.02 ^ turn)::int) || 'ms', true);
    begin
      lock table public.kv_store in access exclusive mode;
      -- Readers are not in the way of an index.
      lock table public.ai_generation_jobs in share mode;
      lock table etl_api.setting in share row exclusive mode;
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

-- The functions that write to the key-value store hold the org in the statement that writes, so no trigger has to look
-- for it again. Nobody else inserts there.
comment on table etl_api.table_reference is
  'References between tables that triggers keep in place of foreign keys; written by etl_api.keep_reference. Whether what new rows of kv_store refer to is there, the functions see that insert there; nobody else may.';
drop trigger a_refers_org_id on public.kv_store;
drop function etl_api.check_kv_store_org_id();

-- What a release brings is nobody's change.
alter table etl_api.setting disable trigger audit_insert;
insert into etl_api.setting (name, value, description)
values
  ('generation_silence_seconds', '86400', 'Seconds for which nothing is heard of the generator of records before its job is ended.')
on conflict do nothing;
alter table etl_api.setting enable trigger audit_insert;
create index ai_generation_jobs_open_idx on public.ai_generation_jobs (updated_at)
  where status in ('pending', 'processing') and stage <> 'preview';

-- migrate:down
