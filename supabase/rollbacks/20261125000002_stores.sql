-- The way back from 20261125000002_stores.sql.

-- Whoever is at work is let finish. What cannot be had soon is given back and asked for again, so that nobody who holds
-- one table and waits for another is ended for it.
do $locks$
declare
  before constant text := current_setting('lock_timeout');
begin
  for turn in 1..600 loop
    perform set_config('lock_timeout', least(800, (40 * 1.02 ^ turn)::int) || 'ms', true);
    begin
      lock table public.kv_store, public.ai_generation_jobs, etl_api.setting in access exclusive mode;
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

set local check_function_bodies = off;

create function etl_api.check_kv_store_org_id() returns trigger
language plpgsql security definer
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $body$
declare
  stray record;
begin
  select n.* into stray
  from (select distinct r.org_id from new_rows as r where r.org_id is not null offset 0) as n
  left join lateral (select p.* from public.org as p where p.id = n.org_id and true offset 0 for key share) as p on true
  where p.id is null
  limit 1;
  if found then
    raise exception using
      errcode = 'foreign_key_violation',
      message = pg_catalog.format('a row of %I refers to one of %I that is not there', 'kv_store', 'org'),
      detail = pg_catalog.format('(%s) = (%s).', 'org_id', pg_catalog.concat_ws(', ', stray.org_id)),
      table = 'kv_store';
  end if;
  return null;
end
$body$;
comment on function etl_api.check_kv_store_org_id() is
  'Checks that what new rows of kv_store refer to by org_id is there, once for each of org they name; see etl_api.table_reference. 23503: it is not.';
revoke execute on function etl_api.check_kv_store_org_id() from public;
create trigger a_refers_org_id after insert on public.kv_store referencing new table as new_rows
for each statement execute function etl_api.check_kv_store_org_id();
comment on trigger a_refers_org_id on public.kv_store is 'What new rows refer to is there; see etl_api.table_reference.';

comment on table etl_api.table_reference is
  'References between tables that triggers keep in place of foreign keys; written by etl_api.keep_reference.';

drop index public.ai_generation_jobs_open_idx;
alter table etl_api.setting disable trigger audit_delete;
delete from etl_api.setting where name = 'generation_silence_seconds';
alter table etl_api.setting enable trigger audit_delete;
