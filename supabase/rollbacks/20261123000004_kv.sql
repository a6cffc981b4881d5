-- The way back from 20261123000004_kv.sql.

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
        public.org
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

drop table etl_api.kv_misfit;
drop table etl_api.kv_change;
drop table etl_api.kv_mapping;
drop table etl_api.kv_index_entry;
drop table etl_api.kv_index;
drop trigger a_followed_by_kv_store_org_id on public.org;
drop function etl_api.follow_kv_store_org_id();
drop table public.kv_store;
drop sequence etl_api.kv_version;
drop function etl_api.check_kv_store_org_id();
